import type { Answer } from './answer';
import { Interest } from './interest';
import { SharedBody } from './shared-body';

/**
 * Request collapsing: requests for one key that come while the origin is being asked wait for its answer.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes
 */
export class Flights {
  private readonly flights = new Map<string, Flight>();

  /** The answer of a request that is under way, or that `fetch` begins; undefined when it is not one to share. */
  async join(
    key: string,
    interest: Interest,
    fetch: (interest: Interest) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const flight = this.flights.get(key);
    if (flight !== undefined) return flight.share(interest);
    const own = new Flight(interest, fetch);
    this.flights.set(key, own);
    void own.landed.then(() => {
      if (this.flights.get(key) === own) this.flights.delete(key);
    });
    return own.answer;
  }
}

class Flight {
  readonly answer: Promise<Answer>;
  /** Settles when nobody can join any more: the body has come, or there is nothing to share. */
  readonly landed: Promise<void>;
  private readonly shared: Promise<Answer | undefined>;
  /** That of all its viewers. */
  private readonly interest = new Interest();
  private waiting = 0;

  constructor(interest: Interest, fetch: (interest: Interest) => Promise<Answer>) {
    this.await(interest);
    this.answer = fetch(this.interest);
    this.shared = this.answer.then(
      (answer) => (answer.shared === true ? this.keepForAll(answer) : undefined),
      () => undefined,
    );
    this.landed = this.shared.then(async (answer) => {
      if (answer?.body instanceof SharedBody) await answer.body.whole;
    });
  }

  /** The answer for one more viewer; undefined when it must ask by itself. */
  async share(interest: Interest): Promise<Answer | undefined> {
    this.await(interest);
    const answer = await this.shared;
    if (answer === undefined || (answer.body instanceof SharedBody && !answer.body.complete)) return undefined;
    const result = answer.result === 'Miss' ? 'Hit' : answer.result;
    return {
      ...answer,
      headers: answer.headers.copy(),
      result,
      reason: `collapsed with a request under way: ${answer.reason}`,
    };
  }

  /** The origin request ends when the last of its viewers is gone. */
  private await(interest: Interest): void {
    this.waiting += 1;
    interest.onLost(() => {
      this.waiting -= 1;
      if (this.waiting === 0) this.interest.lose();
    });
  }

  /** The viewer that began may leave before the others, which read a moment later, have taken the body. */
  private keepForAll(answer: Answer): Answer {
    if (answer.body instanceof SharedBody && this.waiting > 0) setImmediate(answer.body.hold());
    return answer;
  }
}
