// Signs requests of many shapes with the signer of AWS's SDK for JavaScript, which Amplify uses, and prints them as they
// go over the wire. The output is signed.json; to renew it: npm install && node sign.mjs > signed.json
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { readFileSync } from "node:fs";

const paths = [
  "/", "/b/key", "/b//double//", "//", "/b/./dot/../segments", "/b/..", "/b/trailing/", "/.well-known/jwks.json", "/b/%E4%BD%A0",
  "/b/a%2Fb", "/b/a%252Fb", "/b/a%20b%2Bc", "/b/~tilde-_.", "/b/%28par%29%2A%27%21",
];
const queries = [
  {}, { b: "2", a: "1" }, { p10: "1", p1: "2" }, { p1: ["b", "a", ""] }, { empty: "" }, { a: " + /" }, { "é": "1", z: "2", a: "é" },
  { "a[]": ["1", "0"] }, { q: "!*'();:@&=$,?#" }, { "list-type": "2", prefix: "a/b c" },
  Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${(i * 37) % 60}`, String(i)])),
];
const escape = (s) => encodeURIComponent(s).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const raw = (query) =>
  Object.entries(query).flatMap(([k, v]) => [v].flat().map((one) => `${escape(k)}=${escape(one)}`)).join("&");
const credentials = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "a/secret+with=signs", sessionToken: "to/ken+==" };
const signingDate = new Date("2026-03-01T12:00:00Z");

const all = [];
for (const service of ["s3", "execute-api"]) {
  const signer = new SignatureV4({ service, region: "us-east-1", sha256: Sha256, credentials, uriEscapePath: service !== "s3" });
  const shapes = [...paths.map((path) => [path, {}]), ...queries.map((query) => ["/b", query])];
  for (const [path, query] of shapes) {
    const request = (presigned) => new HttpRequest({
      method: "GET", protocol: "https:", hostname: "example.com", path, query: { ...query },
      headers: {
        host: "example.com", "x-amz-meta-a": "  two  inner   spaces ", "content-type": "text/plain",
        ...(presigned && service === "s3" ? { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" } : {}), // as the S3 presigner does
      },
    });
    for (const presigned of [false, true]) {
      const signed = presigned
        ? await signer.presign(request(true), { signingDate, expiresIn: 60 })
        : await signer.sign(request(false), { signingDate });
      all.push({ service, presigned, path, query: raw(signed.query), headers: signed.headers });
    }
  }
}
const version = JSON.parse(readFileSync(new URL("node_modules/@smithy/signature-v4/package.json", import.meta.url))).version;
process.stdout.write(JSON.stringify({ signer: `@smithy/signature-v4 ${version}`, requests: all }, null, 1) + "\n");
