/**
 * A person's token for gated repositories. It is held in memory, goes to the one server it was given for, and shows itself
 * nowhere: neither JSON, nor messages, nor a template string have its letters.
 */
export class AccessToken {
  readonly #value: string;
  readonly #origin: string;

  /** @param endpoint address of the hub that the person named with the token */
  constructor(endpoint: string, value: string) {
    this.#origin = new URL(endpoint, globalThis.location?.href).origin;
    this.#value = value;
  }

  /**
   * The header for a request to `url`; none for any other server. Where an answer leads on to another origin, browsers and
   * Node leave the header out of the second request (Fetch standard, HTTP-redirect fetch, step 13).
   */
  headersFor(url: string): Record<string, string> {
    const isMine = new URL(url, globalThis.location?.href).origin === this.#origin;
    return isMine ? { Authorization: `Bearer ${this.#value}` } : {};
  }

  toString(): string {
    return '[access token]';
  }
  toJSON(): string {
    return this.toString();
  }
}
