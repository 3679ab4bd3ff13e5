// Decrypts the code of a custom sender's event as the sample of Amazon Cognito's developer guide does, with the unmodified AWS
// Encryption SDK, and prints the code and the encryption context. The SDK finds KMS by AWS_ENDPOINT_URL_KMS.
import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";

const { KEY_ALIAS, KEY_ARN, CODE } = process.env;
const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
const keyring = new KmsKeyringNode({ generatorKeyId: KEY_ALIAS, keyIds: [KEY_ARN] });
const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(CODE, "base64"));
process.stdout.write(JSON.stringify({ code: plaintext.toString("utf8"), pool: messageHeader.encryptionContext["userpool-id"] }));
