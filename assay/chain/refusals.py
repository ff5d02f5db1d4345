"""What a contract's error means, and what to do about it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from assay.amounts import format_tokens
from assay.chain.codec import load_abi
from assay.chain.records import JobId, Status
from assay.errors import ContractError, IntegrityError

EXPLANATIONS: Mapping[str, str] = {
    # ILedger
    "BalanceTooLow": "{account} has {available} tokens free in the market, and {needed} are needed: deposit more.",
    "StakeTooLow": "{account} has {available} tokens staked beside its bonds, and {needed} are needed: stake more.",
    "WrongAmountReceived": "The token moved {received} instead of {expected}: it cannot be used in this market.",
    "ZeroAmount": "The amount is zero.",
    "ZeroAddress": "The address is zero.",
    # IJobMarket
    "SlotInUse": "Slot {slot} of {requester} holds a job that is not over: post in another slot.",
    "RecordMismatch": "Job {jobId} has ended or changed meanwhile: look at it again.",
    "WrongStatus": "Job {jobId} is {actual}, not {expected}.",
    "TooLate": "The time for this ended at {deadline}.",
    "TooEarly": "This can be done only after {deadline}.",
    "NotTheRequester": "Only the job's requester, {requester}, can do this.",
    "NotTheProvider": "Only the job's provider, {provider}, can do this.",
    "DisputesOpen": "{disputes} challenges of job {jobId} are undecided: wait for their end.",
    "NotTheGame": "Only the dispute game, {game}, can do this.",
    "TooManyDisputes": "Job {jobId} has as many open disputes as a job can have.",
    "NoTasks": "A job needs at least one task.",
    "NoReferee": "There is no contract at {referee}, which is to be the referee.",
    "RoundsOutOfRange": "{rounds} rounds are out of range: the step limit is 16^1 to 16^15.",
    "BondTooLow": "The bond is {bond} tokens, and this market asks for {minimum} at least.",
    "ChallengePeriodTooShort": "The challenge period is {period} s, and this market asks for {minimum} s at least.",
    "ZeroPeriod": "A period is zero, which nobody could meet.",
    "TaskOutOfRange": "The job has {taskCount} tasks: there is no task {task}.",
    "InitialRootNotInJob": "The proof does not lead to the job's task root, {taskRoot}.",
    "FinalRootNotInClaim": "The proof does not lead to the claim's root, {claimRoot}.",
    "BurnShareOutOfRange": "The burn share, {burnShare}, is out of range.",
    # IDisputeGame
    "NotTheMarket": "Only the market, {market}, can do this.",
    "DisputeExists": "{disputeId} was opened before: the same challenger has disputed this task already.",
    "DisputeNotRunning": "{disputeId} is not running: it is over, or there never was one.",
    "NotYourTurn": "It is the turn of {mover}.",
    "OutOfTime": "The clock of the side to move ran out at {deadline}.",
    "StillInTime": "The side to move has time until {deadline}.",
    "PairNotInList": "The roots do not belong to the last list: another move was made meanwhile.",
    "SameLastRoot": "The list ends in the very root that it disputes.",
    "NoMovesLeft": "What is left of this dispute is the step.",
    "MovesLeft": "{remaining} more lists have to be posted before the step.",
    "StepIsRight": "The disputed step is right.",
    # IReferee
    "WrongWitness": "The witness does not belong to the state, or is malformed.",
    # ERC-20 (ERC-6093) and its permit (ERC-2612)
    "ERC20InsufficientBalance": "{sender} holds {balance} tokens, and {needed} are needed.",
    "ERC20InsufficientAllowance": "{spender} may take {allowance} tokens, and {needed} are needed: approve more.",
    "ERC2612ExpiredSignature": "The permit has expired.",
    "ERC2612InvalidSigner": "The permit was signed by {signer} instead of {owner}.",
}
"""By the error's name: a sentence with the error's arguments in it."""

_TOKENS = {"available", "needed", "balance", "allowance", "bond", "received", "expected", "minimum"}
_CONTRACTS = ("market", "game", "referee", "token")
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


def contract_error(data: object, message: str | None) -> ContractError:
    """The exception for a reverted call: `data` as the node gave it (hexadecimal, if there is any), and its message."""
    match = re.search(r"0x((?:[0-9a-fA-F]{2})+)", data if isinstance(data, str) else "")
    raw = bytes.fromhex(match.group(1)) if match else b""
    if raw[:4] == _ERROR_STRING:
        return ContractError(f"The contract refuses: {_text(raw[4:])}", "Error", {})
    if raw[:4] == _PANIC:
        code = int.from_bytes(raw[4:], "big")
        return ContractError(f"The contract panics with code {code:#x}: please report this.", "Panic", {"code": code})
    for contract in _CONTRACTS:
        entry = load_abi(contract).errors.get(raw[:4])
        if entry is None:
            continue
        try:
            arguments = entry.decode_arguments(raw[4:])
        except IntegrityError:
            break
        return ContractError(explain(entry.name, arguments), entry.name, arguments)
    said = f"error 0x{raw.hex()}" if raw else (message or "no reason given")
    return ContractError(f"The contract refuses: {said}.", "", {})


def explain(error: str, arguments: Mapping[str, Any]) -> str:
    """A sentence for an error of one of our contracts, followed by its name."""
    shown = {name: _show(error, name, value) for name, value in arguments.items()}
    if error in EXPLANATIONS:
        return f"{EXPLANATIONS[error].format(**shown)} ({error})"
    listed = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f"The contract refuses with {error}" + (f": {listed}." if listed else ".")


def _show(error: str, name: str, value: Any) -> str:
    if name == "jobId":
        return str(JobId.from_bytes(value))
    if name == "disputeId":
        return f"dispute 0x{value.hex()}"
    if error == "WrongStatus":
        return Status(value).name.lower() if value < len(Status) else str(value)
    if name == "deadline":
        return f"{datetime.fromtimestamp(min(value, 2**40), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    if name in _TOKENS and error != "ChallengePeriodTooShort":
        return format_tokens(value)
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _text(data: bytes) -> str:
    try:
        return str(decode(["string"], data)[0])
    except (DecodingError, OverflowError):
        return f"error 0x{data.hex()}"
