"""What the organisation's own detection rules look for: log source and selection, in Sigma's words."""

from collections.abc import Mapping
from dataclasses import dataclass

Selection = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LogSource:
    product: str | None
    category: str | None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    title: str
    logs: LogSource
    selection: Selection


WIN_PROCESS = LogSource("windows", "process_creation")
WIN_SECURITY = LogSource("windows", None, "security")
WIN_SYSTEM = LogSource("windows", None, "system")
WIN_REGISTRY = LogSource("windows", "registry_set")
WIN_FILE = LogSource("windows", "file_event")
WIN_ACCESS = LogSource("windows", "process_access")
WIN_SCRIPT = LogSource("windows", "ps_script")
LINUX_PROCESS = LogSource("linux", "process_creation")
LINUX_AUDIT = LogSource("linux", None, "auditd")
MAC_PROCESS = LogSource("macos", "process_creation")
AZURE_SIGN_IN = LogSource("azure", None, "signinlogs")
AZURE_AUDIT = LogSource("azure", None, "auditlogs")
M365 = LogSource("m365", None, "threat_management")
AWS = LogSource("aws", None, "cloudtrail")
PROXY = LogSource(None, "proxy")
DNS = LogSource(None, "dns")
FIREWALL = LogSource(None, "firewall")
ZEEK_SMB = LogSource("zeek", None, "smb_files")

WRITTEN: dict[str, tuple[Sketch, ...]] = {
    "T1003.001": (
        Sketch(
            "LSASS read with full access by an unknown program",
            WIN_ACCESS,
            {"TargetImage|endswith": "\\lsass.exe", "GrantedAccess": ("0x1fffff", "0x1410", "0x1010")},
        ),
        Sketch(
            "Mini dump through comsvcs.dll",
            WIN_PROCESS,
            {"Image|endswith": "\\rundll32.exe", "CommandLine|contains|all": ("comsvcs", "MiniDump")},
        ),
    ),
    "T1003.002": (
        Sketch(
            "SAM or SYSTEM hive saved",
            WIN_PROCESS,
            {"Image|endswith": "\\reg.exe", "CommandLine|contains": ("save HKLM\\sam", "save HKLM\\system")},
        ),
    ),
    "T1003.006": (
        Sketch(
            "Replication asked for by an account that is no domain controller",
            WIN_SECURITY,
            {"EventID": "4662", "Properties|contains": "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"},
        ),
    ),
    "T1021.001": (
        Sketch(
            "RDP between workstations",
            WIN_SECURITY,
            {"EventID": "4624", "LogonType": "10", "WorkstationName|startswith": "WS-"},
        ),
    ),
    "T1021.002": (
        Sketch(
            "Service binary written to an administrative share",
            ZEEK_SMB,
            {"path|endswith": ("\\ADMIN$", "\\C$"), "name|endswith": ".exe"},
        ),
    ),
    "T1027": (
        Sketch(
            "Very long Base64 in a command line",
            WIN_PROCESS,
            {"CommandLine|contains": ("FromBase64String", "-EncodedCommand")},
        ),
    ),
    "T1047": (
        Sketch(
            "Process made by WMI on another host",
            WIN_PROCESS,
            {"ParentImage|endswith": "\\wmiprvse.exe", "Image|endswith": ("\\cmd.exe", "\\powershell.exe")},
        ),
    ),
    "T1053.005": (
        Sketch(
            "Scheduled task made from a user folder",
            WIN_PROCESS,
            {"Image|endswith": "\\schtasks.exe", "CommandLine|contains|all": ("/create", "\\Users\\")},
        ),
    ),
    "T1055": (
        Sketch(
            "Thread started in a foreign process",
            LogSource("windows", "create_remote_thread"),
            {"TargetImage|endswith": ("\\explorer.exe", "\\svchost.exe")},
        ),
    ),
    "T1059.001": (
        Sketch(
            "Encoded PowerShell started by an office program",
            WIN_PROCESS,
            {
                "ParentImage|endswith": ("\\winword.exe", "\\excel.exe", "\\outlook.exe"),
                "CommandLine|contains": (" -enc ", " -EncodedCommand "),
            },
        ),
        Sketch(
            "PowerShell fetches and runs text from the web",
            WIN_SCRIPT,
            {"ScriptBlockText|contains|all": ("DownloadString", "Invoke-Expression")},
        ),
    ),
    "T1059.003": (
        Sketch(
            "Command prompt started by a spreadsheet",
            WIN_PROCESS,
            {"ParentImage|endswith": "\\excel.exe", "Image|endswith": "\\cmd.exe"},
        ),
    ),
    "T1059.004": (
        Sketch(
            "Shell started by a web service account",
            LINUX_PROCESS,
            {"ParentImage|endswith": ("/nginx", "/apache2"), "Image|endswith": ("/sh", "/bash")},
        ),
    ),
    "T1070.001": (Sketch("Security event log cleared", WIN_SECURITY, {"EventID": "1102"}),),
    "T1071.001": (
        Sketch(
            "Regular requests to a domain seen first this week",
            PROXY,
            {"c-uri|contains": ("/submit.php", "/jquery-"), "cs-method": "POST"},
        ),
    ),
    "T1071.004": (
        Sketch("Many long TXT answers from one domain", DNS, {"record_type": "TXT", "answer|re": ".{180,}"}),
    ),
    "T1078.004": (
        Sketch(
            "Cloud sign-in from a country without staff",
            AZURE_SIGN_IN,
            {"ResultType": "0", "NetworkLocationDetails|contains": "unfamiliar"},
        ),
    ),
    "T1098": (
        Sketch(
            "Member added to a privileged group",
            WIN_SECURITY,
            {"EventID": ("4728", "4732", "4756"), "TargetUserName|contains": "Admins"},
        ),
    ),
    "T1105": (
        Sketch(
            "Built-in program fetches a file",
            WIN_PROCESS,
            {"Image|endswith": ("\\certutil.exe", "\\bitsadmin.exe"), "CommandLine|contains": "http"},
        ),
    ),
    "T1110.003": (
        Sketch("One address fails against many accounts", AZURE_SIGN_IN, {"ResultType": ("50126", "50053")}),
    ),
    "T1112": (
        Sketch(
            "Script logging switched off in the registry",
            WIN_REGISTRY,
            {"TargetObject|endswith": "\\EnableScriptBlockLogging", "Details": "DWORD (0x00000000)"},
        ),
    ),
    "T1114.003": (
        Sketch(
            "Mailbox rule that forwards to the outside",
            M365,
            {"eventName|contains": "InboxRule", "Parameters|contains": "ForwardTo"},
        ),
    ),
    "T1136.001": (
        Sketch(
            "Local account made with net user",
            WIN_PROCESS,
            {"Image|endswith": "\\net.exe", "CommandLine|contains|all": ("user", "/add")},
        ),
    ),
    "T1190": (
        Sketch(
            "Web server starts a shell",
            WIN_PROCESS,
            {"ParentImage|endswith": "\\w3wp.exe", "Image|endswith": ("\\cmd.exe", "\\powershell.exe")},
        ),
    ),
    "T1204.002": (
        Sketch(
            "Program started from a mounted image",
            WIN_PROCESS,
            {"Image|re": "^[D-Z]:\\\\[^\\\\]+\\.exe$", "ParentImage|endswith": "\\explorer.exe"},
        ),
    ),
    "T1218.005": (
        Sketch(
            "mshta runs a script from the web",
            WIN_PROCESS,
            {"Image|endswith": "\\mshta.exe", "CommandLine|contains": "http"},
        ),
    ),
    "T1218.011": (
        Sketch(
            "rundll32 loads a library from a user folder",
            WIN_PROCESS,
            {"Image|endswith": "\\rundll32.exe", "CommandLine|contains": "\\AppData\\"},
        ),
    ),
    "T1482": (
        Sketch(
            "Domain trusts listed",
            WIN_PROCESS,
            {"Image|endswith": "\\nltest.exe", "CommandLine|contains": "domain_trusts"},
        ),
    ),
    "T1486": (
        Sketch("Many files renamed to one new ending", WIN_FILE, {"TargetFilename|endswith": (".locked", ".crypt")}),
    ),
    "T1490": (
        Sketch(
            "Shadow copies deleted",
            WIN_PROCESS,
            {"Image|endswith": ("\\vssadmin.exe", "\\wmic.exe"), "CommandLine|contains|all": ("shadow", "delete")},
        ),
    ),
    "T1505.003": (
        Sketch(
            "Script file written by the web server",
            WIN_FILE,
            {"Image|endswith": "\\w3wp.exe", "TargetFilename|endswith": (".aspx", ".ashx")},
        ),
    ),
    "T1530": (
        Sketch(
            "Storage listed and read by an unusual key",
            AWS,
            {"eventSource": "s3.amazonaws.com", "eventName": ("ListBuckets", "GetObject")},
        ),
    ),
    "T1543.003": (
        Sketch(
            "Service installed from a user folder", WIN_SYSTEM, {"EventID": "7045", "ImagePath|contains": "\\Users\\"}
        ),
    ),
    "T1547.001": (
        Sketch(
            "Run key points to a user folder",
            WIN_REGISTRY,
            {"TargetObject|contains": "\\CurrentVersion\\Run\\", "Details|contains": "\\AppData\\"},
        ),
    ),
    "T1548.002": (
        Sketch(
            "Elevation through fodhelper",
            WIN_PROCESS,
            {"ParentImage|endswith": "\\fodhelper.exe", "IntegrityLevel": "High"},
        ),
    ),
    "T1555.003": (
        Sketch(
            "Browser password store opened by another program",
            LogSource("windows", "file_access"),
            {"FileName|endswith": "\\Login Data"},
        ),
    ),
    "T1558.003": (
        Sketch(
            "Many service tickets with weak encryption",
            WIN_SECURITY,
            {"EventID": "4769", "TicketEncryptionType": "0x17"},
        ),
    ),
    "T1560.001": (
        Sketch(
            "Archive with a password",
            WIN_PROCESS,
            {"CommandLine|contains|all": (" a ", " -p"), "Image|endswith": ("\\7z.exe", "\\rar.exe")},
        ),
    ),
    "T1562.001": (
        Sketch("Virus scanner told to look away", WIN_SCRIPT, {"ScriptBlockText|contains": "Add-MpPreference"}),
    ),
    "T1566.001": (
        Sketch("Attachment with a script inside an image file", M365, {"attachment|endswith": (".iso", ".img")}),
    ),
    "T1566.002": (
        Sketch("Mail links to a domain registered this month", M365, {"verdict": "newly registered domain"}),
    ),
    "T1567.002": (
        Sketch(
            "Sync client on a server",
            LINUX_PROCESS,
            {"Image|endswith": "/rclone", "CommandLine|contains": ("copy", "sync")},
        ),
    ),
    "T1621": (Sketch("Many refused second factors in a row", AZURE_SIGN_IN, {"ResultType": "500121"}),),
}

# Platform -> how a rule for any other technique may look. `{name}` is the technique's.
GENERIC: dict[str, tuple[Sketch, ...]] = {
    "Windows": (
        Sketch(
            "{name}: started by an office program",
            WIN_PROCESS,
            {"ParentImage|endswith": ("\\winword.exe", "\\excel.exe"), "Image|endswith": "\\wscript.exe"},
        ),
        Sketch(
            "{name}: unusual registry change",
            WIN_REGISTRY,
            {"TargetObject|contains": "\\Software\\Policies\\", "Image|contains": "\\Users\\"},
        ),
        Sketch(
            "{name}: script with suspicious words",
            WIN_SCRIPT,
            {"ScriptBlockText|contains": ("VirtualAlloc", "GetProcAddress")},
        ),
        Sketch(
            "{name}: program in a temporary folder",
            WIN_PROCESS,
            {"Image|contains": ("\\Temp\\", "\\Downloads\\"), "IntegrityLevel": "High"},
        ),
        Sketch(
            "{name}: seen in the security log",
            WIN_SECURITY,
            {"EventID": ("4688", "4697"), "SubjectUserName|endswith": "$"},
        ),
    ),
    "Linux": (
        Sketch(
            "{name}: on a server, by a service account",
            LINUX_PROCESS,
            {"Image|startswith": ("/var/spool/", "/run/user/"), "User|startswith": "www"},
        ),
        Sketch("{name}: system call watch", LINUX_AUDIT, {"type": "SYSCALL", "key": "susp_activity"}),
    ),
    "macOS": (
        Sketch(
            "{name}: on a Mac", MAC_PROCESS, {"Image|endswith": "/osascript", "CommandLine|contains": "do shell script"}
        ),
    ),
    "Identity Provider": (
        Sketch("{name}: change in the directory", AZURE_AUDIT, {"properties.message|contains": "Update"}),
    ),
    "Office Suite": (Sketch("{name}: in the office suite", M365, {"eventSource": "SecurityComplianceCenter"}),),
    "IaaS": (
        Sketch(
            "{name}: by an unusual cloud role", AWS, {"userIdentity.type": "AssumedRole", "errorCode": "AccessDenied"}
        ),
    ),
}
NETWORK = (
    Sketch("{name}: rare destination", PROXY, {"c-uri|contains": "/api/", "cs-method": "POST"}),
    Sketch("{name}: blocked at the border", FIREWALL, {"action": "denied"}),
    Sketch("{name}: name never asked for before", DNS, {"query|re": "^[a-z0-9]{24,}\\."}),
)

FALSE_POSITIVES = (
    "Software distribution",
    "Administrators at work",
    "Backup software",
    "Vulnerability scanner",
    "Unknown",
)
