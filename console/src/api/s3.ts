// Buckets and what is in them.

import { call } from "./call";
import { everyPage } from "./pages";

export interface Bucket {
  Name: string;
  /** Unix milliseconds. */
  CreationDate: number;
  BucketRegion?: string;
}

export interface StoredObject {
  Key: string;
  Size: number;
  /** Unix milliseconds. */
  LastModified: number;
}

/** A part of what begins with a prefix. */
export interface Folder {
  objects: StoredObject[];
  /** Prefixes that stand for all that begins with them; they end in `/`. */
  folders: string[];
  /** Where it goes on. */
  next?: string;
}

/** The region whose buckets name no other. Source: CreateBucket in the API reference of S3. */
const FIRST_REGION = "us-east-1";
/** How many folders with nothing but a folder in them are passed. */
const DEEPEST = 16;

export const NAME_RULE = "3 to 63 of a to z, 0 to 9, hyphens and dots, with a letter or digit first and last, and no two dots side by side.";

export function isName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..");
}

export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}

/** All buckets, of every region. */
export function listBuckets(signal?: AbortSignal): Promise<Bucket[]> {
  return everyPage<{ Buckets?: Bucket[] }, Bucket>({
    service: "s3", operation: "ListBuckets", input: { MaxBuckets: 1000 }, items: ({ Buckets }) => Buckets, token: "ContinuationToken",
  }, signal);
}

export function makeBucket(Bucket: string, region: string): Promise<unknown> {
  const CreateBucketConfiguration = region === FIRST_REGION ? {} : { LocationConstraint: region };
  return call("s3", "CreateBucket", { Bucket, CreateBucketConfiguration });
}

export function deleteBucket(Bucket: string): Promise<unknown> {
  return call("s3", "DeleteBucket", { Bucket });
}

interface Listed {
  Contents?: StoredObject[];
  CommonPrefixes?: { Prefix: string }[];
  NextContinuationToken?: string;
}

/** What is directly below a prefix: a page of it, behind `from`. */
export async function list(Bucket: string, Prefix: string, from: string | undefined, signal?: AbortSignal): Promise<Folder> {
  const input = { Bucket, Prefix, Delimiter: "/", ...(from ? { ContinuationToken: from } : {}) };
  const { Contents = [], CommonPrefixes = [], NextContinuationToken: next } = await call<Listed>("s3", "ListObjectsV2", input, signal);
  return { objects: Contents, folders: CommonPrefixes.map((common) => common.Prefix), next };
}

/** The first page of what is below a prefix. In place of a folder that has nothing but a folder in it stands that one. */
export async function open(bucket: string, prefix: string, signal: AbortSignal): Promise<Folder> {
  const folder = await list(bucket, prefix, undefined, signal);
  let at = folder;
  for (let depth = 0; depth < DEEPEST && at.objects.length === 0 && at.folders.length === 1; depth += 1) {
    const below = await list(bucket, at.folders[0] ?? "", undefined, signal);
    if (below.objects.length > 0 || below.folders.length !== 1) break;
    at = below;
  }
  return at;
}
