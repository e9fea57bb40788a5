// Writes dumps beside the forwarding, never in its way: what is to be written waits in memory up to a
// limit, one operation at a time goes to Node's thread pool (the resolver needs its other threads, also
// when a disk hangs), and a file for which the disk is too slow or too full is given up.

import fs from "node:fs";

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;

// The lock lets these flags and this mode through and no others: native/addon/seccomp-lock.cc.
const newFileFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const newFileMode = 0o600;

const maxWaitingBytesPerFile = 16 * 1024 * 1024;
const maxWaitingBytes = 64 * 1024 * 1024;

// How much of what waits goes into one write.
const maxWriteBytes = 1024 * 1024;

export interface DumpFile {
  /** Add to its end. */
  append(bytes: Buffer): void;
  /** Nothing more will be added. */
  end(): void;
  giveUp(reason: string): void;
}

export class DumpDisk {
  readonly #folder: string;
  readonly #maxOpenFiles: number;
  readonly #open = new Set<QueuedFile>();
  /** files with something to do, in turn */
  readonly #queue = new Set<QueuedFile>();
  #isBusy = false;
  #waitingBytes = 0;

  /** @param folder - a path at which the folder stays, like that of its descriptor */
  constructor(folder: string, maxOpenFiles: number) {
    this.#folder = folder;
    this.#maxOpenFiles = maxOpenFiles;
  }

  /** @param onGivenUp - called once when the file will not become whole, with the reason */
  create(name: string, onGivenUp: (reason: string) => void): DumpFile {
    const file = new QueuedFile(`${this.#folder}/${name}`, {
      enqueue: () => this.#enqueue(file),
      hasRoom: (bytes) => this.#waitingBytes + bytes <= maxWaitingBytes,
      count: (bytes) => {
        this.#waitingBytes += bytes;
      },
      onGivenUp,
    });
    this.#open.add(file);
    if (this.#open.size > this.#maxOpenFiles) file.giveUp("too many dumps are open at once");
    this.#enqueue(file);
    return file;
  }

  /** Write at once what still waits: the process ends. */
  flush(): void {
    for (const file of this.#open) file.flush();
  }

  #enqueue(file: QueuedFile): void {
    this.#queue.add(file);
    this.#next();
  }

  #next(): void {
    if (this.#isBusy) return;
    const [file] = this.#queue;
    if (file === undefined) return;
    this.#queue.delete(file);
    this.#isBusy = true;
    file.step((hasMore) => {
      this.#isBusy = false;
      if (file.isClosed) this.#open.delete(file);
      else if (hasMore) this.#queue.add(file);
      this.#next();
    });
  }
}

interface Place {
  enqueue(): void;
  hasRoom(bytes: number): boolean;
  count(bytes: number): void;
  onGivenUp(reason: string): void;
}

class QueuedFile implements DumpFile {
  isClosed = false;
  readonly #path: string;
  readonly #place: Place;
  #fd: number | undefined;
  #position = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** what the thread pool is writing at `#position` */
  #inFlight: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #isGivenUp = false;

  constructor(path: string, place: Place) {
    this.#path = path;
    this.#place = place;
  }

  append(bytes: Buffer): void {
    if (this.#isGivenUp || this.#isEnded || bytes.length === 0) return;
    if (this.#waitingBytes + bytes.length > maxWaitingBytesPerFile || !this.#place.hasRoom(bytes.length)) {
      this.giveUp("the disk is too slow");
      return;
    }
    this.#waiting.push(bytes);
    this.#count(bytes.length);
    this.#place.enqueue();
  }

  end(): void {
    this.#isEnded = true;
    this.#place.enqueue();
  }

  giveUp(reason: string): void {
    if (this.#isGivenUp || this.isClosed) return;
    this.#isGivenUp = true;
    this.#waiting = [];
    this.#count(-this.#waitingBytes);
    this.#place.onGivenUp(reason);
    this.#place.enqueue();
  }

  /** Do the next thing and say whether there is another. */
  step(done: (hasMore: boolean) => void): void {
    if (this.isClosed) setImmediate(done, false);
    else if (this.#fd === undefined) this.#openFile(done);
    else if (this.#waiting.length > 0) this.#write(this.#fd, this.#takeWaiting(), done);
    else if (this.#isEnded || this.#isGivenUp) this.#close(this.#fd, done);
    else setImmediate(done, false);
  }

  flush(): void {
    if (this.isClosed || this.#isGivenUp || this.#fd === undefined) return;
    try {
      // What is in flight too: nobody waits for its end any more, and the same bytes in the same
      // place do no harm.
      let position = this.#position;
      for (const bytes of [this.#inFlight, ...this.#waiting]) {
        for (let written = 0; written < bytes.length; ) {
          written += fs.writeSync(this.#fd, bytes, written, bytes.length - written, position + written);
        }
        position += bytes.length;
      }
    } catch (error) {
      this.giveUp((error as NodeJS.ErrnoException).code ?? "unknown error");
    }
  }

  #openFile(done: (hasMore: boolean) => void): void {
    if (this.#isGivenUp) {
      this.isClosed = true;
      setImmediate(done, false);
      return;
    }
    fs.open(this.#path, newFileFlags, newFileMode, (error, fd) => {
      if (error !== null) {
        this.giveUp(error.code ?? "unknown error");
        this.isClosed = true;
      } else {
        this.#fd = fd;
      }
      done(error === null);
    });
  }

  #takeWaiting(): Buffer {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && bytes < maxWriteBytes; count++) {
      bytes += this.#waiting[count]?.length ?? 0;
    }
    return Buffer.concat(this.#waiting.splice(0, count));
  }

  #write(fd: number, bytes: Buffer, done: (hasMore: boolean) => void): void {
    this.#inFlight = bytes;
    fs.write(fd, bytes, 0, bytes.length, this.#position, (error, written) => {
      this.#inFlight = Buffer.alloc(0);
      if (!this.#isGivenUp) this.#count(-written);
      this.#position += written;
      if (error !== null) this.giveUp(error.code ?? "unknown error");
      else if (written < bytes.length && !this.#isGivenUp) this.#waiting.unshift(bytes.subarray(written));
      done(true);
    });
  }

  #close(fd: number, done: (hasMore: boolean) => void): void {
    this.isClosed = true;
    fs.close(fd, (error) => {
      // Some file systems tell of a full disk only here.
      if (error !== null) this.#place.onGivenUp(error.code ?? "unknown error");
      done(false);
    });
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#place.count(bytes);
  }
}
