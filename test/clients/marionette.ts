/** Marionette: the protocol by which Thunderbird lets itself be driven from outside (`--marionette`): `length:JSON` both ways. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

type Answer = readonly [1, number, { readonly error: string; readonly message: string } | null, unknown];

export class Marionette {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #waiting: ((message: unknown) => void) | undefined;
  #hangUp: ((error: Error) => void) | undefined;
  #id = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#take();
    });
    socket.on("close", () => this.#hangUp?.(new Error("Thunderbird hung up")));
  }

  /** Connects, asking again until Thunderbird listens. */
  static async connect(port: number): Promise<Marionette> {
    for (let attempt = 0; ; attempt++) {
      const socket = connect(port, "127.0.0.1");
      try {
        await once(socket, "connect");
        const marionette = new Marionette(socket);
        await marionette.#message();
        await marionette.#command("WebDriver:NewSession", { unhandledPromptBehavior: "accept" });
        await marionette.#command("Marionette:SetContext", { value: "chrome" });
        await marionette.#command("WebDriver:SetTimeouts", { script: 60_000 });
        return marionette;
      } catch (error) {
        socket.destroy();
        if (attempt === 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Runs a script with Thunderbird's own rights; its value has to be JSON. */
  async run<T>(script: string, ...args: readonly unknown[]): Promise<T> {
    const wrapped = `const done = arguments[arguments.length - 1];
(async () => { ${script} })().then((value) => done({ value }), (error) => done({ error: String(error) + "\\n" + error.stack }));`;
    const { value } = (await this.#command("WebDriver:ExecuteAsyncScript", { script: wrapped, args })) as {
      // Null where a dialog came up: it was answered with its default.
      value: { readonly value?: T; readonly error?: string } | null;
    };
    if (value?.error !== undefined) throw new Error(`Thunderbird: ${value.error}`);
    return value?.value as T;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #command(name: string, parameters: object): Promise<unknown> {
    const text = JSON.stringify([0, ++this.#id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = (await this.#message()) as Answer;
    if (error !== null) throw new Error(`${name}: ${error.error}: ${error.message}`);
    return result;
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#hangUp = reject;
      this.#take();
    });
  }

  #take(): void {
    const colon = this.#buffer.indexOf(":");
    if (colon < 0 || this.#waiting === undefined) return;
    const end = colon + 1 + Number(this.#buffer.subarray(0, colon).toString());
    if (this.#buffer.length < end) return;
    const message = JSON.parse(this.#buffer.subarray(colon + 1, end).toString()) as unknown;
    this.#buffer = this.#buffer.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting(message);
  }
}
