// A certificate authority made on the spot, for upstreams that speak TLS on this machine. Keys come
// from Node; node-forge writes the certificates, which Node cannot.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import forge from "node-forge";

export interface Credentials {
  /** PEM */
  readonly cert: string;
  /** PEM */
  readonly key: string;
}

export interface Authority extends Credentials {
  /** Make a certificate for names and addresses of a server. */
  issue(names: readonly string[], validity?: Validity): Credentials;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const oneDayMs = 86_400_000;

function today(): Validity {
  return { notBefore: new Date(Date.now() - oneDayMs), notAfter: new Date(Date.now() + oneDayMs) };
}

interface KeyPair {
  readonly publicKey: forge.pki.PublicKey;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly pem: string;
}

function makeKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  const parsed = forge.pki.privateKeyFromPem(pem) as forge.pki.rsa.PrivateKey;
  return { privateKey: parsed, publicKey: forge.pki.setRsaPublicKey(parsed.n, parsed.e), pem };
}

function draft(subject: string, keys: KeyPair, validity: Validity): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`;
  certificate.validity.notBefore = validity.notBefore;
  certificate.validity.notAfter = validity.notAfter;
  certificate.setSubject([{ name: "commonName", value: subject }]);
  return certificate;
}

function subjectAltName(names: readonly string[]): object {
  const altNames = names.map((name) =>
    /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name },
  );
  return { name: "subjectAltName", altNames };
}

/** Make a server's certificate for which nobody vouches but itself. */
export function makeSelfSigned(names: readonly string[]): Credentials {
  const keys = makeKeyPair();
  const certificate = draft(names[0] ?? "localhost", keys, today());
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([subjectAltName(names)]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: keys.pem };
}

/** Make an authority that is trusted nowhere until its `cert` is handed over. */
export function makeAuthority(name = "Throwaway test authority"): Authority {
  const keys = makeKeyPair();
  const root = draft(name, keys, today());
  root.setIssuer(root.subject.attributes);
  root.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  root.sign(keys.privateKey, forge.md.sha256.create());

  return {
    cert: forge.pki.certificateToPem(root),
    key: keys.pem,
    issue(names, validity = today()) {
      const serverKeys = makeKeyPair();
      const certificate = draft(names[0] ?? "localhost", serverKeys, validity);
      certificate.setIssuer(root.subject.attributes);
      certificate.setExtensions([subjectAltName(names)]);
      certificate.sign(keys.privateKey, forge.md.sha256.create());
      return { cert: forge.pki.certificateToPem(certificate), key: serverKeys.pem };
    },
  };
}
