/** What changes, as the server tells it, for as long as the page is looked at. */

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/**
 * Follow the server. `onChanges` gets each `Changes`; `onState` gets `null` while it is followed, else when it is tried
 * again, in milliseconds since the epoch. A page that is hidden gives its connection back: browsers have six a server.
 */
export class Live {
  constructor(onChanges, onState) {
    this.onChanges = onChanges;
    this.onState = onState;
    this.revision = null;
    this.faults = 0;
    this.source = null;
    this.timer = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
  }

  /** Begin, or try again at once. */
  open() {
    if (this.source || document.hidden) return;
    clearTimeout(this.timer);
    const since = this.revision === null ? "" : `?since=${this.revision}`;
    const source = new EventSource(`/api/live${since}`);
    this.source = source;
    source.addEventListener("open", () => this.alive());
    source.addEventListener("changes", (event) => {
      this.alive();
      const changes = JSON.parse(event.data);
      this.revision = changes.revision;
      this.onChanges(changes);
    });
    source.addEventListener("error", () => this.fail());
  }

  /** Stop. */
  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  alive() {
    this.faults = 0;
    this.onState(null);
  }

  fail() {
    this.close();
    const wait = Math.min(FIRST_WAIT * 2 ** this.faults, LONGEST_WAIT);
    this.faults += 1;
    this.timer = setTimeout(() => this.open(), wait);
    this.onState(Date.now() + wait);
  }
}
