"""What an app sends as a message: read from its call, and refused where Slack refuses it."""

from connectors.chat.fakes.slack_json import Json, mapping, mappings, text
from connectors.chat.fakes.slack_rules import pictures, refusals
from connectors.chat.fakes.slack_web import Call, Refused
from connectors.chat.fakes.slack_workspace import Workspace


class Contents:
    """Knows the files of the workspace, which blocks may show."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.picture_seconds = 0.0

    def read(self, call: Call) -> Json:
        """Text, blocks, attachments and metadata of a call, checked; what was not sent is not in it."""
        sent: Json = {}
        for name, error in (("blocks", "invalid_blocks_format"), ("attachments", "invalid_attachments")):
            if call.arguments.get(name) not in (None, ""):
                sent[name] = call.json(name, error)
                if not isinstance(sent[name], list):
                    raise Refused(error)
        if "text" in call.arguments:
            sent["text"] = call.text("text")
        if call.text("markdown_text"):
            if sent.get("text") or sent.get("blocks"):
                raise Refused("markdown_text_conflict")
            sent["blocks"] = [{"type": "markdown", "text": call.text("markdown_text")}]
        return sent | self.metadata(call)

    def metadata(self, call: Call) -> Json:
        """The metadata of a call (docs.slack.dev/messaging/message-metadata)."""
        if not call.arguments.get("metadata"):
            return {}
        found = mapping(call.json("metadata", "invalid_metadata_format"))
        if not text(found.get("event_type")) or not isinstance(found.get("event_payload"), dict):
            raise Refused("invalid_metadata_format")
        return {"metadata": found}

    def check(self, payload: Json) -> None:
        """Refuse what Slack refuses as a message."""
        found = refusals(payload)
        if found:
            first = found[0][0]
            raise Refused(first, *(said for error, said in found if error == first))
        self.check_pictures(payload)

    def check_pictures(self, payload: Json) -> None:
        """Refuse pictures that the workspace does not have."""
        for pointer, image in pictures(payload.get("blocks")):
            for how, name in mapping(image.get("slack_file")).items():
                known = text(name) if how == "id" else text(name).rpartition("-")[2].partition("/")[0]
                if not self._picture(known):
                    where = f"{pointer}/slack_file.{how}/slack_file"
                    raise Refused("invalid_blocks", f"invalid slack file [json-pointer:{where}]")

    def _picture(self, name: str) -> bool:
        file = self.workspace.files.get(name)
        ready = file and file.complete and file.ready_at <= self.workspace.clock()
        return bool(file and ready and file.media_type.startswith("image/"))

    def numbered(self, payload: Json) -> list[Json]:
        """Blocks as Slack keeps them: each has an id."""
        kept = []
        for block in mappings(payload.get("blocks")):
            given = {"block_id": self.workspace.new_id("b")} if "block_id" not in block else {}
            kept.append({**block, **given})
        return kept
