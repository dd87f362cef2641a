"""What editors leave behind: revisions, comments, workflows, logs, locks, open editors."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from wagtail.admin.models import EditingSession
from wagtail.models import (
    Comment,
    CommentReply,
    ModelLogEntry,
    Page,
    PageLogEntry,
    PageSubscription,
    Revision,
    Task,
    TaskState,
    Workflow,
    WorkflowState,
)

from bc_pipelines.sandbox.site.forms.models import FormPage
from bc_pipelines.sandbox.site.seed import texts
from bc_pipelines.sandbox.site.seed.accounts import Accounts
from bc_pipelines.sandbox.site.seed.clock import TODAY, Clock, make_uuid
from bc_pipelines.sandbox.site.seed.files import Files
from bc_pipelines.sandbox.site.seed.people import Planted
from bc_pipelines.sandbox.site.users.models import User


@dataclass(frozen=True)
class Desk:
    """What writing history takes: dice, clock, the people who write and the remarks that they make about others."""

    rng: random.Random
    clock: Clock
    accounts: Accounts
    remarks: tuple[str, ...]
    retired_inbox: str

    def someone(self) -> User:
        """Returns one of the editors."""
        return self.rng.choice(self.accounts.editors)


def create(
    rng: random.Random, clock: Clock, accounts: Accounts, files: Files, planted: Planted, pages: tuple[Page, ...]
) -> None:
    """Gives every page its past; every third is commented on, every eighth went through a workflow."""
    remarks = zip(cycle(texts.REMARKS), planted.mentioned, strict=False)
    remarks = tuple(text.format(name=each.name, phone=each.phone, email=each.email) for text, each in remarks)
    desk = Desk(rng, clock, accounts, remarks, planted.inboxes[-1])
    for number, page in enumerate(pages):
        clock.forward(minutes=rng.randrange(5, 300))
        remark = remarks[number % len(remarks)]
        _revise(desk, page, remark if number % 3 == 0 else None)
        if number % 8 == 0:
            _moderate(desk, page, remark, rejected=number % 16 == 0)
    _lock_and_watch(desk, pages)
    _log_models(desk, files)


def _revise(desk: Desk, page: Page, remark: str | None) -> None:
    """Saves a first draft and the published version, with an editor's comment on it if there is a remark."""
    title = page.title
    first_author, second_author = desk.someone(), desk.someone()
    draft = page.specific_class.objects.get(pk=page.pk)
    draft.title = f"{title} (draft)"
    if isinstance(draft, FormPage):
        draft.to_address = desk.retired_inbox
    first = draft.save_revision(user=first_author, clean=False)
    desk.clock.forward(minutes=20)
    log = [_entry(desk, page, "wagtail.create", first_author, first)]
    if remark:
        log += _comment(desk, page, first, remark)
    page = page.specific_class.objects.get(pk=page.pk)
    last = page.save_revision(user=second_author, clean=False)
    data = {"title": {"old": draft.title, "new": title}}
    log.append(_entry(desk, page, "wagtail.rename", second_author, last, data))
    data = {"revision": {"id": last.pk, "created": last.created_at.isoformat(), "has_live_version": True}}
    log.append(_entry(desk, page, "wagtail.publish", second_author, last, data))
    PageLogEntry.objects.bulk_create(log)
    Page.objects.filter(pk=page.pk).update(
        live_revision=last, has_unpublished_changes=False, last_published_at=desk.clock.time, draft_title=title
    )


def _comment(desk: Desk, page: Page, revision: Revision, remark: str) -> list[PageLogEntry]:
    """Leaves a comment and a reply on a page's title and returns their log entries, which repeat the words."""
    author, other = desk.someone(), desk.someone()
    comment = Comment(page=page, user=author, text=remark, contentpath="title", revision_created=revision)
    if desk.rng.random() < 0.3:
        comment.resolved_at, comment.resolved_by = desk.clock.time, other
    Comment.objects.bulk_create([comment])
    reply = CommentReply(comment=comment, user=other, text=f"Seen. {desk.rng.choice(desk.remarks)}")
    CommentReply.objects.bulk_create([reply])
    PageSubscription.objects.get_or_create(page_id=page.pk, user=author, defaults={"comment_notifications": True})
    said = {"comment": {"id": comment.pk, "contentpath": "title", "text": remark}}
    answered = {**said, "reply": {"id": reply.pk, "text": reply.text}}
    return [
        _entry(desk, page, "wagtail.comments.create", author, revision, said),
        _entry(desk, page, "wagtail.comments.create_reply", other, revision, answered),
    ]


def _moderate(desk: Desk, page: Page, remark: str, *, rejected: bool) -> None:
    """Sends a page through the moderators, who approve it or send it back with a remark."""
    revision = Revision.objects.filter(object_id=str(page.pk)).order_by("-id").first()
    asked, judged = desk.someone(), desk.accounts.staff[0]
    workflow, task = Workflow.objects.order_by("id").first(), Task.objects.order_by("id").first()
    content_type = ContentType.objects.get_for_model(page.specific_class)
    state = WorkflowState.objects.create(
        content_type=content_type,
        base_content_type=ContentType.objects.get_for_model(Page),
        object_id=str(page.pk),
        workflow=workflow,
        status="needs_changes" if rejected else "approved",
        requested_by=asked,
    )
    task_state = TaskState.objects.create(
        workflow_state=state,
        revision=revision,
        task=task,
        status="rejected" if rejected else "approved",
        finished_at=desk.clock.time,
        finished_by=judged,
        comment=remark if rejected else "",
    )
    if rejected:
        WorkflowState.objects.filter(pk=state.pk).update(current_task_state=task_state)
    known = {"id": workflow.pk, "title": workflow.name, "status": state.status, "task_state_id": task_state.pk}
    data = {"workflow": {**known, "task": {"id": task.pk, "title": task.name}}, "comment": task_state.comment}
    action = f"wagtail.workflow.{'reject' if rejected else 'approve'}"
    _entry(desk, page, action, judged, revision, data).save()


def _entry(
    desk: Desk, page: Page, action: str, user: User, revision: Revision | None, data: dict | None = None
) -> PageLogEntry:
    return PageLogEntry(
        page_id=page.pk,
        content_type=ContentType.objects.get_for_model(page.specific_class),
        label=page.title,
        action=action,
        data=data or {},
        timestamp=desk.clock.time,
        content_changed=action.startswith(("wagtail.create", "wagtail.publish")),
        user=user,
        revision=revision,
        uuid=make_uuid(desk.rng),
    )


def _lock_and_watch(desk: Desk, pages: tuple[Page, ...]) -> None:
    """Locks a page, and leaves two editors open in somebody's browser."""
    Page.objects.filter(pk=pages[5].pk).update(locked=True, locked_at=TODAY, locked_by=desk.accounts.staff[1])
    EditingSession.objects.bulk_create(
        EditingSession(
            user=user,
            content_type=ContentType.objects.get_for_model(Page),
            object_id=str(pages[number].pk),
            last_seen_at=TODAY - timedelta(minutes=number),
            is_editing=number == 0,
        )
        for number, user in enumerate((desk.accounts.staff[2], desk.accounts.outsiders[0]))
    )


def _log_models(desk: Desk, files: Files) -> None:
    """Logs the edits of users, images and documents: by Wagtail with names as labels, by Django with usernames."""
    users = (*desk.accounts.staff, *desk.accounts.outsiders)
    things = [(user, user.get_full_name()) for user in users] + [
        (file, file.title) for file in (*files.images, *files.documents)
    ]
    ModelLogEntry.objects.bulk_create(
        ModelLogEntry(
            content_type=ContentType.objects.get_for_model(thing),
            object_id=str(thing.pk),
            label=label,
            action="wagtail.edit",
            data={},
            timestamp=_before_today(desk.rng),
            content_changed=True,
            user=desk.someone(),
            uuid=make_uuid(desk.rng),
        )
        for thing, label in things
    )
    LogEntry.objects.bulk_create(
        LogEntry(
            action_time=_before_today(desk.rng),
            user=desk.accounts.staff[0],
            content_type=ContentType.objects.get_for_model(user),
            object_id=str(user.pk),
            object_repr=user.username,
            action_flag=CHANGE,
            change_message=f'[{{"changed": {{"fields": ["Email address"], "name": "{user.get_full_name()}"}}}}]',
        )
        for user in users
    )


def _before_today(rng: random.Random) -> datetime:
    return TODAY - timedelta(days=rng.randrange(1, 300), minutes=rng.randrange(1440))
