"""Writes the output file and the error file of a batch that has ended."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from pathlib import Path

import msgspec

from voxpress.server.batches.archive import Names
from voxpress.server.batches.file_store import FileStore
from voxpress.server.batches.input_lines import InputLines
from voxpress.server.batches.records import BatchRecords, Job
from voxpress.server.schemas import BatchLine


class OutputFiles:
    """Makes files of the answers to a batch's lines, in the order of the lines."""

    def __init__(self, records: BatchRecords, files: FileStore) -> None:
        self._records, self._files = records, files

    async def write(
        self, job: Job, unanswered: InputLines | None, code: str
    ) -> tuple[str | None, str | None]:
        """Ids of the output file and of the error file, each None where it would be empty.

        Args:
            unanswered: the batch's input, where lines of it have no answer: the error file names them.
            code: why they have none.
        """
        expires_after = job.options.expires_after
        expires_at = int(time.time()) + expires_after if expires_after else None
        ids: list[str | None] = []
        for name in ("output", "error"):
            place = self._files.new_path()
            try:
                if name == "output":
                    count = await self._write_spoken(job.batch.id, place)
                else:
                    count = await self._write_errors(job.batch.id, place, unanswered, code)
                filename = f"{job.batch.id}_{name}.jsonl"
                file = (
                    await self._files.add(
                        job.owner,
                        filename,
                        "batch_output",
                        place,
                        expires_at,
                        id=_name_file(job.batch.id, name),
                    )
                    if count
                    else None
                )
                ids.append(file.id if file else None)
            finally:
                place.unlink(missing_ok=True)
        return ids[0], ids[1]

    async def _write_spoken(self, batch: str, place: Path) -> int:
        """Write the answers that have audio; how many there are."""
        count = start = 0
        names = Names()
        with place.open("wb") as file:
            while answer := await self._records.find_answer(batch, start, good=True):
                line = await asyncio.to_thread(_add_name, answer.content, names)
                await asyncio.to_thread(file.write, line + b"\n")
                start = answer.number + 1
                count += 1
        return count

    async def _write_errors(self, batch: str, place: Path, unanswered: InputLines | None, code: str) -> int:
        """Write the answers that are errors, and an error for each line without an answer; how many there are."""
        count = start = 0
        good = False if unanswered is None else None
        with place.open("wb") as file:
            while True:
                answer = await self._records.find_answer(batch, start, good)
                if unanswered is not None:
                    for number in range(start, answer.number if answer else len(unanswered)):
                        line = await asyncio.to_thread(unanswered.read, number)
                        await asyncio.to_thread(file.write, _encode_unanswered(line, code) + b"\n")
                        count += 1
                if answer is None:
                    return count
                if not answer.good:
                    await asyncio.to_thread(file.write, answer.content + b"\n")
                    count += 1
                start = answer.number + 1


def _name_file(batch: str, name: str) -> str:
    # The same when a server that was killed meanwhile, or another one, does it again.
    return f"file-{hashlib.sha256(f'{batch} {name}'.encode()).hexdigest()[:24]}"


def _add_name(answer: bytes, names: Names) -> bytes:
    """The answer to a line, with the name that its clip has in the zip file."""
    facts = msgspec.json.decode(answer)
    body = facts["response"]["body"]
    body["file"] = names.choose(facts["custom_id"], body["digest"], body["format"])
    return msgspec.json.encode(facts)


def _encode_unanswered(line: BatchLine, code: str) -> bytes:
    return msgspec.json.encode(
        {
            "id": f"batch_req_{secrets.token_hex(12)}",
            "custom_id": line.custom_id,
            "response": None,
            "error": {"code": code, "message": "the batch ended before this line was answered"},
        }
    )
