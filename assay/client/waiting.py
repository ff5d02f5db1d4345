"""What a job waits for, until when, and why nothing happens when nothing does."""

from assay.chain.records import Status
from assay.client.follow import News


def waiting_for(news: News) -> str:
    """What has to happen next to a job that has not ended, and how long that can take."""
    job = news.history.job
    left = max(job.deadline - news.head.timestamp, 0)
    if news.history.open_disputes:
        return f"{len(news.history.open_disputes)} disputes are open"
    match job.status:
        case Status.OPEN:
            return f"waiting for a provider, {left} s at most"
        case Status.ACCEPTED:
            return f"{job.provider} is running it, {left} s at most"
    return f"claimed; can be challenged for {left} s more"
