"""Lists of mailboxes are read as the phone systems read and write them."""

from __future__ import annotations

import pytest

from voxpress.errors import LeftOut, ManifestError
from voxpress.publish.mailboxes import Mailbox, MailboxList, read

CONF = """\
; A comment with [brackets] => and signs
[general]
format = wav49|gsm|wav ; these three
serveremail=asterisk
aliasescontext=aliases

[zonemessages]
eastern=America/New_York|'vm-received' Q 'digits/at' IMp

[base](!)
9000 => 1,Night desk

[default](base)
1234 => 4242,Example Mailbox,root@localhost
4200 => 9855,Mark Spencer,a@b.example,c@d.example,attach=no|language=de_DE_f_x|tz=central
1003=-99,Ada Byron\\; Countess
;1004 => 1,Commented
;-- over
1005 => 1,Two lines --;
1006 => ,

[sales]
20 => 1,Grace;--inside--; Hopper

[default](+)
1007 => 1,Later

[aliases]
1234@devices => 1234@default
"""


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _known(found: MailboxList) -> list[tuple[str, str, str, str]]:
    return [
        (box.context, box.mailbox, box.name, box.language)
        for box in found.entries
        if isinstance(box, Mailbox)
    ]


def test_voicemail_conf() -> None:
    found = read(_lines(CONF), "voicemail.conf")
    assert found.formats == ("wav49", "gsm", "wav")
    assert _known(found) == [
        ("default", "9000", "Night desk", ""),
        ("default", "1234", "Example Mailbox", ""),
        ("default", "4200", "Mark Spencer", "de-DE"),
        ("default", "1003", "Ada Byron; Countess", ""),
        ("default", "1006", "", ""),
        ("sales", "20", "Grace Hopper", ""),
        ("default", "1007", "Later", ""),
    ]


def test_no_password_is_kept() -> None:
    found = read(_lines("[default]\n1001 => secret,Ada,ada@b.example\nsecret without a sign\n"), "v.conf")
    assert "secret" not in repr(found)
    assert "ada@b" not in repr(found)
    assert "secret" not in str(found.entries[0])


@pytest.mark.parametrize("directive", ["#include vm_general.inc", "#tryinclude <a>", "#exec /bin/list"])
def test_other_files_are_not_read(directive: str) -> None:
    """What they hold is missing, so nothing may be deleted for want of it."""
    lines = _lines(f"[default]\n{directive}\n1 => 2,Ada\n")
    [left_out] = [each for each in read(lines, "v.conf").entries if isinstance(each, ManifestError)]
    assert isinstance(left_out, LeftOut)
    assert "is not read" in str(left_out)
    [error] = [
        each for each in read(lines, "v.conf", complete=True).entries if isinstance(each, ManifestError)
    ]
    assert not isinstance(error, LeftOut)


def test_settings_in_other_files_hold_no_mailboxes() -> None:
    """FreePBX keeps them so."""
    lines = _lines("[general]\n#include vm_general.inc\n[default]\n1 => 2,Ada\n")
    left_out, box = read(lines, "v.conf", complete=True).entries
    assert isinstance(left_out, LeftOut)
    assert isinstance(box, Mailbox)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[default\n1 => 2,A\n", "v.conf:1: has no closing bracket"),
        ("[default](night)\n1 => 2,A\n", "v.conf:1: no context 'night' stands before this one"),
    ],
)
def test_broken_conf(text: str, problem: str) -> None:
    with pytest.raises(ManifestError) as error:
        read(_lines(text), "v.conf")
    assert str(error.value) == problem


@pytest.mark.parametrize(
    ("table", "boxes"),
    [
        ("mailbox,name\n1001,Ada\n", [("", "1001", "Ada", "")]),
        ("Extension;Full Name;Locale\n1001;Ada;en-GB\n", [("", "1001", "Ada", "en-GB")]),
        ("mailbox\tname\n1001@sales\tAda\n", [("sales", "1001", "Ada", "")]),
        # As FreePBX exports extensions: context is that of the dialplan.
        (
            "extension,password,name,voicemail,context\n1001,x,Ada,default,from-internal\n1002,x,Bo,novm,from-internal\n",
            [("default", "1001", "Ada", "")],
        ),
        (
            "extension,name,voicemail,languages_language\n1,Ada,default,de_DE\n2,Bo,default,\n3,Cy,default,fr_f_June\n",
            [("default", "1", "Ada", "de-DE"), ("default", "2", "Bo", ""), ("default", "3", "Cy", "fr")],
        ),
        # As FusionPBX exports voicemails.
        (
            "domain_name,voicemail_id,voicemail_password,voicemail_description\npbx.example.com,1001,x,Ada\n",
            [("pbx.example.com", "1001", "Ada", "")],
        ),
    ],
)
def test_tables(table: str, boxes: list[tuple[str, str, str, str]]) -> None:
    assert _known(read(_lines(table), "boxes.csv")) == boxes


def test_columns_that_are_not_used_are_named() -> None:
    found = read(_lines("mailbox,name,pin,desk\n1,Ada,4711,A 7\n"), "boxes.csv")
    assert found.notes == ("boxes.csv: not used: pin, desk",)
    assert "4711" not in repr(found)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("name,desk\nAda,1\n", "boxes.csv:1: no column is called mailbox"),
        ("", "boxes.csv: is empty"),
    ],
)
def test_tables_without_mailboxes(table: str, problem: str) -> None:
    with pytest.raises(ManifestError) as error:
        read(_lines(table), "boxes.csv")
    assert str(error.value).startswith(problem)


@pytest.mark.parametrize(
    "cell",
    ["1001.0", "1001,0", "1e3", "1E+3", "1.001E+03", "1,001", "#N/A", "#REF!", "####", "'1001", '=""1001""'],
)
def test_what_a_spreadsheet_made_of_a_mailbox(cell: str) -> None:
    """Its greetings would lie where nobody looks for them."""
    (found,) = read(_lines(f'name;mailbox\nAda;"{cell}"\n'), "boxes.csv").entries
    assert isinstance(found, ManifestError)
    assert "is what a spreadsheet made of it: format the column as text" in str(found)
    assert str(found).startswith("boxes.csv:2: mailbox: ")


@pytest.mark.parametrize(
    "cell", ["1001", "0042", "+4930123", "a.b", "20-1", "ada@example.com", "1001a", "e3"]
)
def test_mailboxes_that_are_as_they_were(cell: str) -> None:
    (found,) = read(_lines(f"mailbox,name,context\n{cell},Ada,10.0.0.1\n"), "boxes.csv").entries
    assert isinstance(found, Mailbox)
    assert (found.mailbox, found.context) == (cell, "10.0.0.1")


@pytest.mark.parametrize("cell", ["#N/A", "#NAME?", "=VLOOKUP(A2)"])
def test_what_a_spreadsheet_made_of_a_name(cell: str) -> None:
    (found,) = read(_lines(f"mailbox,name\n20,{cell}\n"), "boxes.csv").entries
    assert isinstance(found, ManifestError)
    assert str(found).startswith(f"boxes.csv:2: name: {cell!r} is what a spreadsheet")
