"""Small files in the formats of Atomic Red Team, CALDERA and LOLBAS, written by hand."""

from data.sources.base import Document, Input

GUID = "00000000-0000-4000-8000-{:012d}".format

ATOMIC_TEST = """\
- name: {name}
  auto_generated_guid: {guid}
  description: |
    Runs a thing.
    Twice.
  supported_platforms:
  - windows
  - iaas:aws
  - iaas:gcp
  input_arguments:
    output_file:
      description: Where it goes
      type: path
      default: C:\\out.txt
    count:
      description: How often
      type: integer
      default: 3
    nothing:
      description: Empty
      type: string
      default:
  dependency_executor_name: powershell
  dependencies:
  - description: The tool must be there
    prereq_command: if (Test-Path tool) {{exit 0}} else {{exit 1}}
    get_prereq_command: New-Item tool
  executor:
    name: command_prompt
    elevation_required: true
    command: |
      tool.exe #{{output_file}}
    cleanup_command: 'del #{{output_file}}'
"""


def atomic_test(number: int, *, name: str = "Run a thing") -> str:
    return ATOMIC_TEST.format(guid=GUID(number), name=name)


def atomic_file(technique: str, *tests: str) -> str:
    return f"attack_technique: {technique}\ndisplay_name: A technique\natomic_tests:\n{''.join(tests)}"


ABILITY = """\
---
- id: {guid}
  name: {name}
  description: Reads files
  tactic: collection
  technique:
    attack_id: ' T1005'
    name: Data from Local System
  privilege: Elevated
  platforms:
    linux,darwin:
      sh:
        command: |
          cp #{{host.file.path}} #{{host.dir.staged[filters(max=1)]}}
        cleanup: "rm #{{host.dir.staged}}"
        payloads: [one.sh]
    windows:
      psh,pwsh:
        command: "Copy-Item #{{host.file.path}}"
      cmd:
        command: "copy #{{domain.user.password}}"
  requirements:
    - plugins.stockpile.app.requirements.paw_provenance:
        - source: host.file.path
"""
NEWER_ABILITY = """\
- id: {guid}
  name: Newer
  description: ''
  tactic: discovery
  technique_id: T1082
  technique_name: System Information Discovery
  privilege: ''
  executors:
  - platform: linux
    name: sh
    command: uname -a
    cleanup: [echo one, echo two]
    code:
  requirements: []
"""
ADVERSARY = """\
id: {guid}
name: "A profile\\n"
description: What it does
atomic_ordering:
{steps}
"""


def ability(number: int, *, name: str = "Collect files") -> str:
    return ABILITY.format(guid=GUID(number), name=name)


def adversary(number: int, *steps: int) -> str:
    return ADVERSARY.format(guid=GUID(number), steps="\n".join(f"- {GUID(step)}" for step in steps))


LOLBAS_ENTRY = """\
---
Name: Tool.exe
Description: A tool
Author: Ada
Created: 2020-01-02
Commands:
{commands}
Full_Path:
  - Path: C:\\Windows\\System32\\tool.exe
Detection:
"""
LOLBAS_COMMAND = """\
  - Command: {command}
    Description: {description}
    Usecase: Load a file
    Category: {category}
    Privileges: {privileges}
    MitreID: {technique}
    OperatingSystem: Windows 10, Windows 11
"""


def lolbas_command(
    command: str = "tool.exe {REMOTEURL:.exe} {PATH}",
    *,
    description: str = "It loads",
    category: str = "Download",
    privileges: str = "User",
    technique: str = "T1105",
) -> str:
    return LOLBAS_COMMAND.format(
        command=command, description=description, category=category, privileges=privileges, technique=technique
    )


def lolbas_entry(*commands: str) -> str:
    return LOLBAS_ENTRY.format(commands="".join(commands).rstrip("\n"))


def read(files: dict[str, str], *, root: str | None = None, comment: str | None = None, whole: bool = True) -> Input:
    documents = tuple(Document(path, content.encode()) for path, content in files.items())
    return Input("input", documents, whole=whole, root=root, comment=comment)
