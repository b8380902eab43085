"""Text of a spreadsheet cell that no spreadsheet takes for a formula."""

STARTS = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_safe(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe before it; numbers and None stay what they are.

    Source of the list of first characters: OWASP, "CSV Injection".
    """
    if isinstance(value, str) and value.startswith(STARTS):
        return "'" + value
    return value
