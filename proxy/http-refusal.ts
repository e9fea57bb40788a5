// What the refusals of both servers have in common: a status, a code, and one line of JSON as clients of
// the Responses API show it. Each server has its own table of them.

/** Code to status, type and message. */
export type RefusalTable = Readonly<Record<string, readonly [status: number, type: string, message: string]>>;

/** A refusal. `detail` is shown to whoever asked; `cause` stays inside. */
export abstract class HttpRefusal<Code extends string> extends Error {
  readonly code: Code;
  readonly statusCode: number;
  readonly type: string;

  constructor(table: RefusalTable, code: Code, detail?: string, options?: ErrorOptions) {
    const [statusCode, type, message] = table[code] as RefusalTable[string];
    super(detail === undefined ? message : `${message}: ${detail}`, options);
    this.code = code;
    this.statusCode = statusCode;
    this.type = type;
  }

  /** The body of the answer. */
  toBody(): string {
    return `${JSON.stringify({ error: { message: this.message, type: this.type, code: this.code } })}\n`;
  }
}
