"""What a contract's error means, and what to do about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from assay.amounts import format_tokens
from assay.chain.codec import load_abi
from assay.chain.records import JobId, Status, words
from assay.errors import ContractError, IntegrityError

EXPLANATIONS: Mapping[str, str] = {
    # ILedger
    "BalanceTooLow": "{account} has {available:tokens} tokens free in the market, and {needed:tokens} are needed: "
    "deposit more",
    "StakeTooLow": "{account} has {available:tokens} tokens staked beside its bonds, and {needed:tokens} are needed: "
    "stake more",
    "WrongAmountReceived": "the token moved {received:tokens} instead of {expected:tokens}: it cannot be used here",
    "WrongAmountSent": "the token moved {sent:tokens} instead of {expected:tokens}: it cannot be used here",
    "TooMuchDeposited": "there would be {total:tokens} tokens in the market, more than its accounts can count",
    "NotAContract": "there is no contract at {account}",
    "ZeroAmount": "the amount is zero",
    "ZeroAddress": "the address is zero",
    "SafeERC20FailedOperation": "the token at {token} refuses without a reason",
    "ReentrancyGuardReentrantCall": "the token called back into the market: it cannot be used here",
    # IJobMarket
    "SlotInUse": "slot {slot} of {requester} holds a job that is not over: post in another slot",
    "RecordMismatch": "job {jobId:job} has ended or changed meanwhile: look at it again",
    "TermsMismatch": "these are not the terms of the job, or not the claim's root",
    "TermsNeeded": "job {jobId:job} has a rising price or admits only some: accept it with its terms",
    "NotAdmitted": "{account} is not admitted: whoever wrote the terms or the offer deals with {gate} only, or with "
    "whom its list admits",
    "NotHired": "the provider of job {jobId:job} has accepted it itself, and cannot decline it",
    "FloorAbovePrice": "a price rises from {floorPrice:tokens} to {price:tokens} tokens: it has to start lower",
    "MalformedTerms": "the terms set bits without a meaning, or name a gate without need, or none where one is needed",
    "NoJobs": "no job is named",
    # ISignedOrders
    "BadSignature": "{signer} has not signed this, or has cancelled what it signed, or signed it for another market",
    "OrderNotFillable": "order {jobId:job} was filled or cancelled, or its slot holds a job that is not over",
    "WordOutOfRange": "the bitmap of nonces has no word {word}",
    "TicketsUsed": "some of these tickets of {requester} were taken or cancelled before",
    "WrongTicketCount": "the mask names {tickets} tickets, and there are {roots} roots, {specIds} spec ids and "
    "{signatureBytes} bytes of signatures",
    "OfferNotMet": "the offer does not fit the job: look at its {what}",
    "OfferUsedUp": "offer {nonce} of {provider} is for {left} tasks more",
    "NoExtension": "the deadline is {deadline:time}, and moves only later, to 30 days from now at most: not to "
    "{asked:time}",
    "NotAParty": "only the requester and the provider of job {jobId:job} can do this, not {caller}",
    # IDirectory
    "ListingOutOfRange": "a listing stake of {listingStake:tokens} and a leave period of {leavePeriod} s are out of "
    "range",
    "NotListed": "{provider} is not listed",
    "StillListed": "{provider} leaves at {leavesAt:time}, or has not retired",
    "WrongStatus": "job {jobId:job} is {actual:status}, not {expected:status}",
    "TooLate": "the time for this ended at {deadline:time}",
    "TooEarly": "this can be done only after {deadline:time}",
    "NotTheRequester": "only the job's requester, {requester}, can do this",
    "NotTheProvider": "only the job's provider, {provider}, can do this",
    "DisputesOpen": "{disputes} challenges of job {jobId:job} are undecided: wait for their end",
    "NotTheGame": "only the dispute game, {game}, can do this",
    "TooManyDisputes": "job {jobId:job} has as many open disputes as a job can have",
    "NoTasks": "a job needs at least one task",
    "TooManyTasks": "a job has at most {maximum} tasks, not {taskCount}: post several jobs",
    "RoundsOutOfRange": "{rounds} rounds are out of range: the step limit is 16^1 to 16^15",
    "BondTooLow": "the bond is {bond:tokens} tokens, and this market asks for {minimum:tokens} at least",
    "ChallengePeriodTooShort": "the challenge period is {period} s, and this market asks for {minimum} s at least",
    "ZeroPeriod": "a period is zero, which nobody could meet",
    "PeriodTooLong": "a period is at most {maximum} s, not {period} s",
    "TaskOutOfRange": "the job has {taskCount} tasks: there is no task {task}",
    "WrongTaskCount": "the job has {taskCount} tasks, and the claim {given} final roots",
    "WrongProofLength": "the proof has {given} siblings instead of {expected}",
    "InitialRootNotInJob": "the proof does not lead to the job's task root, {taskRoot}",
    "FinalRootNotInClaim": "the proof does not lead to the claim's root, {claimRoot}",
    "ParameterOutOfRange": "the market's parameter {parameter} is out of range",
    # ICourier
    "NotRegistered": "job {jobId:job} has ended, and nobody had registered its claim before: what was claimed cannot "
    "be proved any more",
    "NotFinalized": "job {jobId:job} was not finalized, or its slot was used again since",
    "WrongReferee": "the courier delivers results of the machine whose referee is {expected}, and the job is for "
    "{given}",
    "MalformedOutput": "no run leaves {stderrLength} bytes on its standard error",
    "OutputNotInClaim": "the output is not that of the task in the job's claim",
    "GasTooLow": "the consumer is to have {gasLimit} gas, and would have {most} at most: send the transaction with "
    "more",
    "NoConsumer": "there is no contract at {account}",
    # IDisputeGame
    "NotTheMarket": "only the market, {market}, can do this",
    "DisputeExists": "dispute {disputeId} was opened before: the same challenger has disputed this task already",
    "DisputeNotRunning": "dispute {disputeId} is not running: it is over, or there never was one",
    "NotYourTurn": "it is the turn of {mover}",
    "OutOfTime": "the clock of the side to move ran out at {deadline:time}",
    "StillInTime": "the side to move has time until {deadline:time}",
    "PairNotInList": "the roots do not belong to the last list: another move was made meanwhile",
    "SameLastRoot": "the list ends in the very root that it disputes",
    "NoMovesLeft": "what is left of this dispute is the step",
    "MovesLeft": "{remaining} more lists have to be posted before the step",
    "StepIsRight": "the disputed step is right",
    "ClocksOutOfRange": "an allowance of {allowance} s with a minimum reply of {minimumReply} s is out of range",
    # IReferee
    "WrongWitness": "the witness does not belong to the state, or is malformed",
    # ERC-20 (ERC-6093) and its permit (ERC-2612)
    "ERC20InsufficientBalance": "{sender} holds {balance:tokens} tokens, and {needed:tokens} are needed",
    "ERC20InsufficientAllowance": "{spender} may take {allowance:tokens} tokens, and {needed:tokens} are needed: "
    "approve more",
    "ERC2612ExpiredSignature": "the permit has expired",
    "ERC2612InvalidSigner": "the permit was signed by {signer} instead of {owner}",
}
"""By the error's name: what it means, with the error's arguments in it (how they are shown: `_Shown`)."""

_CONTRACTS = ("market", "game", "referee", "token", "directory", "courier")
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


def contract_error(data: object, message: str | None) -> ContractError:
    """The exception for a reverted call: `data` as the node gave it (hexadecimal, if there is any), and its message."""
    match = re.search(r"0x((?:[0-9a-fA-F]{2})+)", data if isinstance(data, str) else "")
    raw = bytes.fromhex(match.group(1)) if match else b""
    if raw[:4] == _ERROR_STRING:
        return ContractError(f"the contract refuses: {_text(raw[4:])}", "Error", {})
    if raw[:4] == _PANIC:
        code = int.from_bytes(raw[4:], "big")
        return ContractError(f"the contract panics with code {code:#x}: please report this", "Panic", {"code": code})
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
    return ContractError(f"the contract refuses: {said}", "", {})


def explain(error: str, arguments: Mapping[str, Any]) -> str:
    """What an error of one of our contracts means, followed by its name."""
    shown = {name: _Shown(value) for name, value in arguments.items()}
    if error in EXPLANATIONS:
        return f"{EXPLANATIONS[error].format(**shown)} ({error})"
    listed = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f"the contract refuses with {error}" + (f": {listed}" if listed else "")


@dataclass(frozen=True)
class _Shown:
    """An error's argument in a sentence: `{x:tokens}`, `{x:time}`, `{x:job}`, `{x:status}`, or plain `{x}`."""

    value: Any

    def __format__(self, kind: str) -> str:
        match kind:
            case "tokens":
                return format_tokens(self.value)
            case "time":
                return f"{datetime.fromtimestamp(min(self.value, 2**37), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
            case "job":
                return str(JobId.from_bytes(self.value))
            case "status":
                return words(Status(self.value)) if self.value < len(Status) else str(self.value)
        return f"0x{self.value.hex()}" if isinstance(self.value, bytes) else str(self.value)


def _text(data: bytes) -> str:
    try:
        return str(decode(["string"], data)[0])
    except (DecodingError, OverflowError):
        return f"error 0x{data.hex()}"
