"""ATT&CK's texts on our screen: readable, linked, and harmless."""

import pytest

from callbacks.prose import plain, to_html


def test_links_to_techniques_lead_to_ours() -> None:
    shown = to_html("See [PowerShell](https://attack.mitre.org/techniques/T1059/001) and <code>cmd</code>.")
    assert shown == '<p>See <a data-go="" href="/technique/T1059.001">PowerShell</a> and <code>cmd</code>.</p>\n'


def test_other_links_open_outside_without_a_referrer() -> None:
    shown = to_html("[APT1](https://attack.mitre.org/groups/G0006)")
    assert 'target="_blank" rel="noopener noreferrer" href="https://attack.mitre.org/groups/G0006"' in shown


def test_citations_are_marks_that_name_their_source() -> None:
    shown = to_html('Text.(Citation: Mandiant (2013) "APT1")')
    assert 'class="citation"' in shown
    assert "Mandiant (2013)" in shown
    assert "(Citation:" not in shown


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="https://x" onclick="alert(1)">x</a>',
        "<iframe src='https://evil'></iframe>",
        "<svg><script>alert(1)</script></svg>",
        '(Citation: "><img src=x onerror=alert(1)>)',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<p style="position:fixed">x</p>',
        '<a href="/logout">x</a>" data-go="',
    ],
)
def test_nothing_that_runs_survives(attack: str) -> None:
    shown = to_html(attack).lower()
    for bad in ("<script", "<img", "<iframe", "<svg", 'onerror="', "onclick", '="javascript:', '="data:text', "style="):
        assert bad not in shown, shown


def test_plain_text_with_angle_brackets_stays_readable() -> None:
    assert "reg query &lt;key&gt;" in to_html("`reg query <key>`")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "[APT1](https://attack.mitre.org/groups/G0006) used <code>cmd</code>.(Citation: Mandiant APT1)",
            "APT1 used cmd.",
        ),
        ("uses tools like [Mimikatz](https://attack.mitre.org/software/S000...", "uses tools like Mimikatz"),
        ("harvests credentials.(Citation: Cylance Cle...", "harvests credentials.…"),
        ("harvests credentials.(Citati...", "harvests credentials.…"),
    ],
)
def test_short_texts_are_plain_even_where_they_were_cut(text: str, shown: str) -> None:
    assert plain(text) == shown
