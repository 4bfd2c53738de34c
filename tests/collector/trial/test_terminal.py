"""What is said at the terminal arrives in any encoding."""

import subprocess
import sys

SAY = "from collector.trial.terminal import say; say('学校 \\udcff'); say('end')"


def said(encoding: str) -> bytes:
    command = [sys.executable, "-c", SAY]
    environment = {"PYTHONIOENCODING": encoding}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_a_terminal_gets_what_its_encoding_can_show() -> None:
    assert said("utf-8").decode() == "学校 \\udcff\nend\n"
    assert said("gb18030").decode("gb18030") == "学校 \\udcff\nend\n"
    assert said("ascii").decode() == "\\u5b66\\u6821 \\udcff\nend\n"
