"""What the story is played with: the commands that a person would type, and agents in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule

CHECKOUT = Path(__file__).resolve().parent.parent
STOP_TIMEOUT = 20.0


class StoryError(Exception):
    """The story did not go as it should."""


class Stage:
    """Prints the story and runs what it consists of. Everything is kept below `home`; agents write to `home/logs`."""

    def __init__(self, home: Path, password_file: Path) -> None:
        self.home = home
        self.console = Console(highlight=False, soft_wrap=True)
        self._started = time.monotonic()
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")} | {
            "ASSAY_HOME": str(home),
            "ASSAY_PASSWORD_FILE": str(password_file),
            "PYTHONUNBUFFERED": "1",
        }
        (home / "logs").mkdir(parents=True, exist_ok=True)

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print()
        self.console.print(Rule(f"[bold]{title}[/bold]  ({time.monotonic() - self._started:.0f} s)", align="left"))

    def tell(self, text: str) -> None:
        """A sentence of the story."""
        self.console.print(f"\n{text}")

    def run(self, command: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of this environment, show it and what it prints, and return its end and all that it printed."""
        words = [str(argument) for argument in arguments]
        self.console.print(f"  [cyan]$ {command} {escape(' '.join(map(self._short, words)))}[/cyan]")
        process = subprocess.Popen(
            [*self._program(command), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=CHECKOUT,
            text=True,
        )
        lines = []
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                self.console.print(f"    [dim]{escape(self._short(line.rstrip()))}[/dim]")
        if check and process.returncode != 0:
            raise StoryError(f"`{command} {' '.join(words)}` ended with exit status {process.returncode}")
        return subprocess.CompletedProcess(words, process.returncode, "".join(lines))

    def start_agent(self, name: str, command: str, *arguments: object) -> None:
        """Start an agent in the background. It writes to logs/NAME.log, and is stopped when the story ends."""
        words = [str(argument) for argument in arguments]
        self.console.print(f"  [cyan]$ {command} {escape(' '.join(map(self._short, words)))} &[/cyan]")
        with self.log_of(name).open("wb") as log:
            self._agents[name] = subprocess.Popen(
                [*self._program(command), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=CHECKOUT,
                start_new_session=True,
            )

    def log_of(self, name: str) -> Path:
        """Where an agent writes."""
        return self.home / "logs" / f"{name}.log"

    def require_agents(self) -> None:
        """Raise `StoryError` if an agent has ended."""
        for name, process in self._agents.items():
            if process.poll() is not None:
                raise StoryError(f"{name}'s agent ended with exit status {process.returncode}: see {self.log_of(name)}")

    def stop_agent(self, name: str) -> None:
        """Stop an agent as its operator would, and wait until it is gone."""
        process = self._agents.pop(name)
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop_agents(self) -> None:
        """Stop all agents."""
        for name in list(self._agents):
            self.stop_agent(name)

    def agent_pids(self) -> Mapping[str, int]:
        """The process of each agent that runs."""
        return {name: process.pid for name, process in self._agents.items()}

    def _program(self, command: str) -> list[str]:
        if command.startswith("python"):
            return [sys.executable, *command.split()[1:]]
        return [str(Path(sys.executable).parent / command)]

    def _short(self, text: str) -> str:
        """Paths as seen from the checkout."""
        return text.replace(f"{CHECKOUT}/", "")
