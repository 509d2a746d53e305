"""
The input of the line: editing, completion, lines of before, and answers to questions.

It knows no chat: a line that is finished is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groupchat.cli.terminal.completion import Completer, Surroundings, hints, is_wrong
from groupchat.cli.terminal.editor import Editor
from groupchat.cli.terminal.input_history import InputHistory
from groupchat.cli.terminal.keys import Action
from groupchat.cli.terminal.page import TypedLine, compose_hints

__all__ = ["LineInput", "Question"]


@dataclass(frozen=True)
class Question:
    """
    A question to the person at the terminal.

    :ivar text: the question.
    :ivar answered: gets the answer; None if the person gives up.
    :ivar masked: whether the answer is not shown.
    :ivar choices: the keys that answer it; "" if a line does.
    """

    text: str
    answered: Callable[[str | None], None]
    masked: bool = False
    choices: str = ""


_EDITS: dict[Action, Callable[[Editor], None]] = {
    Action.LEFT: Editor.left,
    Action.RIGHT: Editor.right,
    Action.WORD_LEFT: Editor.word_left,
    Action.WORD_RIGHT: Editor.word_right,
    Action.HOME: Editor.home,
    Action.END: Editor.end,
    Action.BACKSPACE: Editor.backspace,
    Action.DELETE: Editor.delete,
    Action.TRANSPOSE: Editor.transpose,
    Action.KILL_BEFORE: Editor.kill_before,
    Action.KILL_AFTER: Editor.kill_after,
    Action.KILL_WORD: Editor.kill_word,
    Action.KILL_WORD_BEFORE: Editor.kill_word_before,
    Action.KILL_BLANK_WORD_BEFORE: Editor.kill_blank_word_before,
    Action.YANK: Editor.yank,
    Action.YANK_OLDER: Editor.yank_older,
    Action.UNDO: Editor.undo,
}


class LineInput:
    """
    The line.

    :param history: lines that were typed before.
    :param around: returns what completion knows.
    """

    def __init__(self, history: InputHistory, around: Callable[[], Surroundings]) -> None:
        self.history = history
        self._around = around
        self._editor = Editor()
        self._completer = Completer()
        self._questions: list[Question] = []
        self._answer = Editor()  # to the first question
        self._search: str | None = None  # the part that is searched for in lines of before
        self._searched_from = ""
        self._skip = 0
        self._pasting = False

    # The line as it is.

    @property
    def text(self) -> str:
        """The text of the line."""
        return self._editor.text

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return bool(self._questions)

    def set(self, text: str) -> None:
        """Put another text in its place."""
        self._editor.set(text)
        self._completer.stop()

    def insert(self, text: str) -> None:
        """Insert this at the cursor."""
        self._editor.insert(text, pasted=True)

    def take(self) -> str:
        """Returns the text, and begins an empty line."""
        self._completer.stop()
        text = self._editor.take()
        self.history.reset()
        return text

    def view(self, prompt: str) -> TypedLine:
        """Returns the line as it is shown, or the question in its place."""
        if self._questions:
            question = self._questions[0]
            answer = self._answer
            return TypedLine(question.text, answer.before, answer.after, question.masked)
        editor = self._editor
        if self._search is not None:
            return TypedLine(f"search: {self._search}  ", editor.before, editor.after)
        around = self._around()
        completer = self._completer
        commands = [] if completer.candidates else hints(editor.before, around)
        rows = compose_hints(commands, completer.candidates, completer.index)
        wrong = is_wrong(editor.text)
        return TypedLine(prompt, editor.before, editor.after, hints=rows, wrong=wrong)

    # Keys.

    def type(self, text: str) -> None:
        """Letters were typed, or pasted."""
        if self._questions:
            self._type_answer(text)
        elif self._search is not None and not self._pasting:
            self._search += text
            self._skip = 0
            self._find()
        else:
            self._completer.stop()
            self._editor.insert(text, pasted=self._pasting)

    def paste(self, begins: bool) -> None:
        """A paste begins, or has ended."""
        self._pasting = begins

    @property
    def pasting(self) -> bool:
        """Whether what is typed is pasted."""
        return self._pasting

    def act(self, action: Action) -> bool:
        """Handle a key that is no letter. Returns whether it was one for the line."""
        if self._search is not None and not self._questions and self._act_in_search(action):
            return True
        edit = _EDITS.get(action)
        if edit is not None:
            self._completer.stop()
            edit(self._answer if self._questions else self._editor)
        elif self._questions:
            return self._act_on_question(action)
        elif action in (Action.COMPLETE, Action.COMPLETE_BACK):
            self._complete(1 if action is Action.COMPLETE else -1)
        elif action is Action.BREAK:
            self._editor.insert("\n")
        elif action in (Action.OLDER_INPUT, Action.NEWER_INPUT):
            self._go(action)
        elif action is Action.SEARCH_INPUT:
            self._search, self._skip = "", 0
            self._searched_from = self._editor.text
        else:
            return False
        return True

    def _complete(self, step: int) -> None:
        editor = self._editor
        completed = self._completer.next(editor.before, self._around(), step)
        if completed != editor.before:
            editor.set(completed + editor.after, len(completed))

    def _go(self, action: Action) -> None:
        self._completer.stop()
        if action is Action.OLDER_INPUT:
            found = self.history.older(self._editor.text)
        else:
            found = self.history.newer()
        if found is not None:
            self._editor.set(found)

    # Searching in lines of before.

    def _act_in_search(self, action: Action) -> bool:
        assert self._search is not None
        if action is Action.SEARCH_INPUT:
            self._skip += 1
            self._find()
        elif action is Action.BACKSPACE:
            self._search, self._skip = self._search[:-1], 0
            self._find()
        elif action is Action.CANCEL:
            self._search = None
            self._editor.set(self._searched_from)
        else:
            self._search = None
            return False
        return True

    def _find(self) -> None:
        found = self.history.search(self._search or "", self._skip)
        if found is not None:
            self._editor.set(found)
        else:
            self._skip = max(0, self._skip - 1)

    # Questions.

    def ask(self, question: Question) -> None:
        """Ask the person. Questions are asked one after the other."""
        self._questions.append(question)
        if len(self._questions) == 1:
            self._answer = Editor()

    def drop_questions(self) -> None:
        """No answer is needed any more."""
        self._questions.clear()

    def _type_answer(self, text: str) -> None:
        question = self._questions[0]
        if not question.choices:
            self._answer.insert(text)
        elif text[:1].lower() in question.choices:
            self._close(text[:1].lower())

    def _act_on_question(self, action: Action) -> bool:
        question = self._questions[0]
        if action is Action.SAY and not question.choices:
            self._close(self._answer.text)
        elif action in (Action.CANCEL, Action.CLEAR_OR_LEAVE, Action.DELETE_OR_LEAVE):
            self._close(None)
        else:
            return action in (Action.SAY, Action.BREAK, Action.COMPLETE, Action.COMPLETE_BACK)
        return True

    def _close(self, answer: str | None) -> None:
        question = self._questions.pop(0)
        self._answer = Editor()
        question.answered(answer)
