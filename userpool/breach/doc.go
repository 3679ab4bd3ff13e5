// Package breach looks passwords up in a local list of passwords that are publicly known.
//
// What it does: it reads lists in the form of the k-anonymity API of Have I Been Pwned, without loading them: one sorted file of
// SHA-1 hashes, or a folder with a file for each prefix of five digits. A lookup is a binary search that reads a few blocks.
//
// What it leaves to others: getting and updating the list, and what happens to a user whose password is known.
//
// Source: the downloads of https://haveibeenpwned.com/Passwords; FIPS 180-4 for SHA-1, which names entries here and protects
// nothing.
package breach
