"""A few of D3FEND's countermeasures for the made-up organisation, so that it can say which it has.

Names and the techniques each applies to are those of D3FEND's ontology of August 2025 (MIT, Copyright (c)
2022 The MITRE Corporation), joined as `data/sources/d3fend_ontology.py` says. A sync of D3FEND takes their place. What
was decided of them is invented.
"""

from typing import NamedTuple

_AVE = (
    "T1014 T1056.003 T1072 T1127.001 T1137.006 T1176 T1195.001 T1195.002 T1212 T1218.014 T1497.003 T1505.001 "
    "T1505.004 T1542.001 T1542.002 T1542.003 T1542.004 T1546.011 T1547.008 T1554 T1564.006 T1574.005 T1574.010"
)
_MFA = (
    "T1003.003 T1003.005 T1003.008 T1098.001 T1110.001 T1110.002 T1110.003 T1134.001 T1134.002 T1134.003 T1528 "
    "T1539 T1550.001 T1550.004 T1552 T1558 T1558.001"
)
_FA = (
    "T1003.007 T1003.008 T1005 T1014 T1016 T1018 T1027.001 T1027.002 T1027.004 T1033 T1036.001 T1036.003 T1036.005 "
    "T1036.006 T1037.001 T1037.002 T1037.003 T1037.004 T1041 T1048.002 T1055.001 T1055.002 T1055.003 T1055.009 "
    "T1055.014 T1059 T1070.002 T1070.004 T1071 T1071.001 T1072 T1074.001 T1083 T1114.001 T1119 T1127.001 T1137.001 "
    "T1137.003 T1140 T1187 T1204.002 T1218.005 T1218.011 T1220 T1505.003 T1534 T1543.001 T1543.002 T1543.004 "
    "T1546.002 T1546.004 T1546.005 T1546.006 T1546.008 T1546.009 T1546.010 T1546.013 T1546.014 T1546.015 T1547.001 "
    "T1547.006 T1547.007 T1547.008 T1547.009 T1548.002 T1548.003 T1552.001 T1552.003 T1555 T1555.003 T1556.002 "
    "T1556.003 T1560 T1560.001 T1560.002 T1560.003 T1562.003 T1564.002 T1564.003 T1564.006 T1564.007 T1565.001 "
    "T1565.003 T1566.001 T1566.002 T1566.003 T1573.002 T1574.001 T1574.004 T1574.006 T1574.007 T1574.008 T1574.009 "
    "T1574.012"
)
_DA = (
    "T1016 T1027.001 T1027.002 T1027.004 T1036.001 T1036.003 T1037.001 T1037.002 T1037.003 T1037.004 T1055.003 "
    "T1059 T1114.001 T1137.001 T1137.003 T1140 T1204.002 T1218.005 T1220 T1505.003 T1534 T1546.002 T1546.005 "
    "T1546.006 T1546.008 T1546.013 T1546.015 T1547.001 T1547.009 T1548.002 T1562.003 T1564.007 T1565.003 T1566.001 "
    "T1566.002 T1574.007 T1574.008 T1574.009"
)
_PSA = (
    "T1003.001 T1003.002 T1003.004 T1007 T1010 T1016 T1018 T1033 T1047 T1053 T1053.005 T1055.004 T1055.013 T1057 "
    "T1082 T1124 T1134.004 T1140 T1212 T1218.001 T1218.002 T1218.003 T1218.005 T1218.011 T1220 T1505.001 T1505.002 "
    "T1505.003 T1546.007 T1546.009 T1546.010 T1548.002 T1550 T1556 T1562.001"
)
_SCA = (
    "T1007 T1010 T1012 T1016 T1018 T1033 T1036.005 T1047 T1049 T1053 T1055.001 T1055.003 T1055.004 T1055.005 "
    "T1055.008 T1055.013 T1055.014 T1057 T1074.001 T1082 T1106 T1113 T1124 T1134.004 T1140 T1218.001 T1218.002 "
    "T1218.003 T1218.005 T1218.011 T1218.013 T1220 T1497.003 T1505.001 T1518.001 T1546.009 T1546.010 T1548.002 "
    "T1548.004 T1555.003"
)
_NTCD = (
    "T1001 T1003.006 T1008 T1011 T1018 T1020 T1021 T1021.001 T1021.004 T1029 T1030 T1041 T1047 T1048 T1048.001 "
    "T1048.002 T1048.003 T1071 T1071.001 T1071.002 T1071.003 T1071.004 T1090.001 T1090.002 T1090.003 T1090.004 "
    "T1095 T1098.001 T1102 T1104 T1105 T1110.003 T1110.004 T1132 T1185 T1189 T1190 T1197 T1199 T1204.001 T1205 "
    "T1205.001 T1207 T1210 T1218.003 T1219 T1498.001 T1498.002 T1499.002 T1542.005 T1546.003 T1546.008 T1550.001 "
    "T1550.004 T1557 T1557.001 T1557.003 T1558.003 T1563 T1565.002 T1566.001 T1566.002 T1567 T1567.001 T1567.002 "
    "T1568 T1570 T1571 T1572 T1573 T1573.001 T1573.002"
)
_EAL = (
    "T1007 T1010 T1016 T1018 T1027.001 T1027.002 T1027.004 T1033 T1036.001 T1036.003 T1037.001 T1037.002 T1037.003 "
    "T1037.004 T1047 T1053 T1055.003 T1055.004 T1055.013 T1057 T1059 T1082 T1124 T1134.004 T1137.001 T1140 "
    "T1204.002 T1218.001 T1218.002 T1218.003 T1218.005 T1218.011 T1220 T1505.001 T1505.003 T1546.002 T1546.005 "
    "T1546.006 T1546.008 T1546.009 T1546.010 T1546.013 T1546.015 T1547.001 T1547.009 T1548.002 T1562.003 T1565.003 "
    "T1574.007 T1574.008 T1574.009"
)
_LFP = (
    "T1003.007 T1003.008 T1005 T1014 T1016 T1018 T1027.001 T1027.002 T1027.004 T1033 T1036.001 T1036.003 T1036.005 "
    "T1036.006 T1037.001 T1037.002 T1037.003 T1037.004 T1037.005 T1041 T1048.002 T1055.001 T1055.002 T1055.003 "
    "T1055.009 T1055.014 T1059 T1070.002 T1070.004 T1071 T1071.001 T1072 T1074.001 T1083 T1114.001 T1119 T1127.001 "
    "T1137.001 T1137.003 T1140 T1187 T1204.002 T1218.005 T1218.011 T1220 T1505.003 T1534 T1543.001 T1543.002 "
    "T1543.004 T1546.002 T1546.004 T1546.005 T1546.006 T1546.008 T1546.009 T1546.010 T1546.013 T1546.014 T1546.015 "
    "T1547.001 T1547.006 T1547.007 T1547.008 T1547.009 T1548.002 T1548.003 T1552.001 T1552.003 T1555 T1555.003 "
    "T1556.002 T1556.003 T1560 T1560.001 T1560.002 T1560.003 T1562.003 T1564.002 T1564.003 T1564.006 T1564.007 "
    "T1565.001 T1565.003 T1566.001 T1566.002 T1566.003 T1573.002 T1574.001 T1574.004 T1574.006 T1574.007 T1574.008 "
    "T1574.009 T1574.012"
)
_OTF = (
    "T1001 T1008 T1048.001 T1048.002 T1048.003 T1071 T1071.001 T1071.002 T1071.003 T1071.004 T1090.002 T1090.003 "
    "T1090.004 T1095 T1102 T1104 T1105 T1132 T1189 T1197 T1204.001 T1219 T1567 T1567.001 T1567.002 T1568 T1571 "
    "T1572 T1573 T1573.001 T1573.002"
)
_ST = "T1021.001 T1021.004 T1133 T1134.003 T1199 T1563 T1563.001 T1563.002"
_RC = (
    "T1037.004 T1037.005 T1114.003 T1134.005 T1137.001 T1137.002 T1137.004 T1137.005 T1218.002 T1222 T1484 "
    "T1518.001 T1526 T1538 T1546.001 T1546.002 T1546.007 T1546.008 T1546.009 T1546.010 T1546.011 T1546.014 "
    "T1547.001 T1547.002 T1547.003 T1547.004 T1547.005 T1547.010 T1548.001 T1548.002 T1552.005 T1552.006 T1553.003 "
    "T1556.002 T1562.002 T1562.003 T1562.004 T1562.009 T1564.008 T1574.011 T1574.012 T1614 T1615"
)


class Fact(NamedTuple):
    """`techniques` are ATT&CK ids, separated by blanks; `state` '' where the organisation has said nothing."""

    d3fend_id: str
    name: str
    ontology_name: str
    tactic: str
    state: str
    note: str
    techniques: str


FACTS = (
    Fact(
        "D3-AVE",
        "Asset Vulnerability Enumeration",
        "AssetVulnerabilityEnumeration",
        "Model",
        "in_place",
        "Scanner, weekly",
        _AVE,
    ),
    Fact(
        "D3-SU",
        "Software Update",
        "SoftwareUpdate",
        "Harden",
        "in_place",
        "Within 14 days, by policy",
        _AVE,
    ),
    Fact(
        "D3-MFA",
        "Multi-factor Authentication",
        "Multi-factorAuthentication",
        "Harden",
        "in_place",
        "Everybody, since spring",
        _MFA,
    ),
    Fact(
        "D3-CRO",
        "Credential Rotation",
        "CredentialRotation",
        "Harden",
        "",
        "",
        _MFA,
    ),
    Fact("D3-FA", "File Analysis", "FileAnalysis", "Detect", "in_place", "Mail gateway and endpoint", _FA),
    Fact("D3-DA", "Dynamic Analysis", "DynamicAnalysis", "Detect", "planned", "Sandbox in next year's budget", _DA),
    Fact(
        "D3-PSA",
        "Process Spawn Analysis",
        "ProcessSpawnAnalysis",
        "Detect",
        "in_place",
        "Endpoint detection",
        _PSA,
    ),
    Fact(
        "D3-SCA",
        "System Call Analysis",
        "SystemCallAnalysis",
        "Detect",
        "",
        "",
        _SCA,
    ),
    Fact(
        "D3-NTCD",
        "Network Traffic Community Deviation",
        "NetworkTrafficCommunityDeviation",
        "Detect",
        "planned",
        "Network sensor, second phase",
        _NTCD,
    ),
    Fact(
        "D3-NTF",
        "Network Traffic Filtering",
        "NetworkTrafficFiltering",
        "Isolate",
        "in_place",
        "Firewalls of all sites",
        _NTCD,
    ),
    Fact(
        "D3-EAL",
        "Executable Allowlisting",
        "ExecutableAllowlisting",
        "Isolate",
        "planned",
        "Servers first",
        _EAL,
    ),
    Fact(
        "D3-EDL",
        "Executable Denylisting",
        "ExecutableDenylisting",
        "Isolate",
        "in_place",
        "Endpoint detection",
        _EAL,
    ),
    Fact(
        "D3-LFP",
        "Local File Permissions",
        "LocalFilePermissions",
        "Isolate",
        "",
        "",
        _LFP,
    ),
    Fact(
        "D3-OTF",
        "Outbound Traffic Filtering",
        "OutboundTrafficFiltering",
        "Isolate",
        "in_place",
        "Web proxy",
        _OTF,
    ),
    Fact(
        "D3-DF",
        "Decoy File",
        "DecoyFile",
        "Deceive",
        "",
        "",
        _FA,
    ),
    Fact(
        "D3-DUC",
        "Decoy User Credential",
        "DecoyUserCredential",
        "Deceive",
        "not_applicable",
        "Not wanted by the works council",
        _MFA,
    ),
    Fact(
        "D3-ST",
        "Session Termination",
        "SessionTermination",
        "Evict",
        "in_place",
        "Identity monitoring",
        _ST,
    ),
    Fact(
        "D3-RC",
        "Restore Configuration",
        "RestoreConfiguration",
        "Restore",
        "planned",
        "With the new backup",
        _RC,
    ),
)
