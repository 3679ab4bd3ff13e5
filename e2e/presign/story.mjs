// Uses an object store behind Sluice with the SDK for JavaScript and with minio-js, both unmodified, and prints "done".
import assert from "node:assert/strict";
import { CopyObjectCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Client } from "minio";

const { S3_URL, S3_BUCKET: Bucket, S3_PREFIX: prefix, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN };

async function send(method, url, options) {
  const answer = await fetch(url, { method, ...options });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${method} ${url.split("?")[0]}: ${text}`);
  return { text, headers: answer.headers };
}

async function sdk() {
  const client = new S3Client({ endpoint: S3_URL, region: "us-east-1", forcePathStyle: true, credentials });
  const Key = `${prefix}js/sp ace+plus%25.txt`;
  await send("PUT", await getSignedUrl(client, new PutObjectCommand({ Bucket, Key })), { body: "presigned" });
  assert.equal((await send("GET", await getSignedUrl(client, new GetObjectCommand({ Bucket, Key })))).text, "presigned");
  const more = new PutObjectCommand({ Bucket, Key, ContentType: "text/plain", Metadata: { owner: "ada" }, StorageClass: "STANDARD" });
  await send("PUT", await getSignedUrl(client, more), { body: "more", headers: { "Content-Type": "text/plain" } });
  const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
  assert.deepEqual([head.ContentLength, head.Metadata], [4, { owner: "ada" }]);
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "x".repeat(200_000) }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  assert.equal((await got.Body.transformToString()).length, 200_000);
  await client.send(new CopyObjectCommand({ Bucket, Key: `${Key}2`, CopySource: encodeURI(`${Bucket}/${Key}`).replaceAll("+", "%2B") }));
  const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}js/` }));
  assert.equal(list.KeyCount, 2);
  const deleted = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: list.Contents.map(({ Key }) => ({ Key })) } }));
  assert.equal(deleted.Deleted.length, 2);
}

async function minio() {
  const url = new URL(S3_URL);
  const client = new Client({ endPoint: url.hostname, port: Number(url.port), useSSL: url.protocol === "https:", accessKey: AWS_ACCESS_KEY_ID, secretKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN, region: "us-east-1", pathStyle: true });
  const key = `${prefix}minio/q?u&o='*().txt`;
  await client.putObject(Bucket, key, "hello", 5, { "X-Amz-Meta-Owner": "ada" });
  assert.equal((await client.statObject(Bucket, key)).metaData.owner, "ada");
  await send("PUT", await client.presignedPutObject(Bucket, `${key}2`, 60), { body: "presigned" });
  assert.equal((await send("GET", await client.presignedGetObject(Bucket, `${key}2`, 60))).text, "presigned");
  await client.removeObjects(Bucket, [key, `${key}2`]);
}

await sdk();
await minio();
console.log("done");
