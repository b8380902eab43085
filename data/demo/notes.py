"""What people of the made-up organisation write down. `{tool}`, `{procedure}` and `{host}` are filled in."""

HOSTS: dict[str, tuple[str, ...]] = {
    "Windows": ("WS-0412", "WS-1187", "WS-0903", "LT-2231", "SRV-FILE-02", "SRV-APP-11", "JUMP-01"),
    "Linux": ("web-03", "build-02", "db-test-1", "log-relay-1", "app-07"),
    "macOS": ("mb-design-04", "mb-lead-02"),
    "Containers": ("cluster-test", "cluster-batch"),
    "ESXi": ("esx-lab-1", "esx-lab-2"),
    "Network Devices": ("sw-floor-3", "rt-branch-1"),
}
OTHER_HOSTS = ("test tenant", "shadow subscription", "test account")
ENVIRONMENTS = ("Production", "Production", "Production", "Staging", "Lab", "Branch office")

CREATED = (
    "Planned with the team on Monday.",
    "From the last review.",
    "Asked for by the blue team.",
    "Part of the campaign.",
)
RED_WORKED = (
    "Ran {procedure} on {host}. Worked at the first try.",
    "Worked on {host} after one more attempt; the first build was removed.",
    "Ran as planned on {host}. Output and times are attached to the ticket.",
    "Worked. Cleaned up on {host} afterwards, nothing left behind.",
)
RED_STOPPED = (
    "Stopped on {host} before anything happened.",
    "The file was gone within seconds on {host}; tried twice.",
    "Blocked. The user saw a message and would have called the helpdesk.",
)
RED_HALF = (
    "Half of it went through on {host}; the second stage was stopped.",
    "The process was ended, but what we wanted was on disk already.",
)
RED_FAILED = (
    "Did not work on {host}: the needed service is not there.",
    "Failed for our own reasons, nothing was blocked.",
)
BLUE_ALERTED = (
    "Alert in {tool}, opened by the shift and linked to the ticket.",
    "{tool} raised it on its own; triage knew what it was.",
    "Alert in {tool}. Text of the alert could say more about the host.",
)
BLUE_LOGGED = (
    "Events are in {tool}, nobody was told.",
    "Found in {tool} by searching with the times from red. No rule looks at it.",
    "Telemetry is there in {tool}; the rule was tuned out in spring.",
)
BLUE_MISSED = (
    "Nothing in any tool for the time given.",
    "No trace. The host does not send these events.",
    "Searched for two hours, found nothing.",
)
BLUE_BLOCKED = ("Prevented by {tool} before it could run.", "{tool} stopped it and wrote it down.")
TOOL_ALERTED = ("High alert", "Alert, medium", "Alert with the right host and user", "Correlated with the mail")
TOOL_LOGGED = ("Raw event only", "Event without the command line", "Logged, below the threshold")
TOOL_MISSED = ("No event", "Agent sends no such events", "Not collected from this network")
APPROVED = (None, None, "Clear.", "Checked against the logs.", "Times fit.", "Agreed.")
REJECTED_RED = (
    "The time of execution is missing from the notes; please run it again.",
    "This was another procedure than planned. Repeat it as described.",
    "Run on a host without an agent; that shows nothing about us.",
)
REJECTED_BLUE = (
    "The proxy log was not looked at. Please check it.",
    "The alert belongs to another test of that morning.",
    "Observation of the mail gateway is missing.",
)
REOPENED = ("Back to work after the review.", "Please have another look.", "Reopened as agreed in the call.")
REOPENED_VALIDATED = (
    "A second log source came up that we had not searched.",
    "The rule credited here was switched off that day.",
)
CANCELLED = (
    "Host is no longer there.",
    "Covered by another test.",
    "Change freeze; planned anew for the next quarter.",
)
PAUSED = ("Waiting for the change window.", "Waiting for a test account.", "Called away to an incident.")
NOT_APPLICABLE = (
    "The component is not installed on any of our systems.",
    "Macros are switched off by policy for everybody since spring.",
    "We do not use this cloud service.",
    "The protocol is closed on every device of this kind.",
)
REMEDY = (
    "Write a rule for it and switch the missing log source on.",
    "Send process events of this network to the SIEM.",
    "Raise the rule from logging to alerting after tuning.",
    "Close the outgoing path at the proxy.",
    "Deploy the agent to the hosts that lack it.",
    "Tighten the policy that allowed it.",
)
REMEDY_STARTED = (
    "Rule drafted, tuning on last month's events.",
    "Change request is open.",
    "Rolling out, a third is done.",
)
REMEDY_DONE = (
    "Rule is live.",
    "Log source connected, rule enabled.",
    "Policy is in force everywhere.",
    "Rolled out to all hosts.",
)
RISK_ACCEPTED = (
    "The system is replaced this year; the effort is not worth it before.",
    "Would need another licence; decided in the risk round.",
    "Only possible from a network with two known machines.",
    "The vendor plans it for the next version.",
)
RETEST = "Retest after the remediation."
