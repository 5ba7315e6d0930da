// S3 by the AWS SDK for JavaScript, which sends checksums in a trailer.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

const s3 = new S3Client({ forcePathStyle: true });
const Bucket = "js-flows";

test("an object comes back, whole and in part", async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a/ü 1", Body: "flow logs", ContentType: "text/plain" }));
  const whole = await s3.send(new GetObjectCommand({ Bucket, Key: "a/ü 1" }));
  assert.equal(await whole.Body.transformToString(), "flow logs");
  assert.equal(whole.ContentType, "text/plain");
  const part = await s3.send(new GetObjectCommand({ Bucket, Key: "a/ü 1", Range: "bytes=5-8" }));
  assert.equal(await part.Body.transformToString(), "logs");
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "a/" }));
  assert.deepEqual(listed.Contents.map((object) => object.Key), ["a/ü 1"]);
});

test("what is not there", async () => {
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "none" })), NoSuchKey);
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "none" })), (error) => {
    assert.equal(error.$metadata.httpStatusCode, 404);
    return true;
  });
});
