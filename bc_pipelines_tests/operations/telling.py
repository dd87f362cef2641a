"""Tells people of a reset in a process of its own, which is killed with signal 9 at one exact place.

`python -m …telling RECORD_ID WHICH PLACE`: WHICH is `colleagues` or `client`; PLACE is `before` the notice is handed
over, or `after` it, before that is noted.
"""

import os
import signal
import sys
from typing import Any

from bc_pipelines.notices import mail, slack
from bc_pipelines.operations import notices
from bc_pipelines.operations.tools import open_tools


def _killed(*_arguments: Any, **_options: Any) -> Any:  # noqa: ANN401 - in place of any function
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    record_id, which, place = sys.argv[1:]
    if place == "before":
        slack.post = mail.send = _killed
    else:
        notices._note_sent = _killed
    with open_tools() as tools:
        record = notices.may_tell(tools, "killed", "This")
        assert record.id == record_id
        tell = notices.tell_colleagues if which == "colleagues" else notices.tell_client
        tell(tools, record)
