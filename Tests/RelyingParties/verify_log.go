// Verifies a ledger's checkpoint and tiles with Go's own packages, which know nothing of Jobpass.
//
//	verify_log KEY FOLDER
//
// KEY is the verifier key; FOLDER holds `checkpoint`, and the level-0 tiles below `tile/0` with all their widths in one file each.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// leaves is the tree's leaf hashes; inner nodes are computed from them.
type leaves []tlog.Hash

func (l leaves) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		out[i] = l.node(level, n)
	}
	return out, nil
}

func (l leaves) node(level int, n int64) tlog.Hash {
	if level == 0 {
		return l[n]
	}
	return tlog.NodeHash(l.node(level-1, 2*n), l.node(level-1, 2*n+1))
}

func main() {
	key, folder := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(key)
	check(err)
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err)
	signed, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	var size int64
	_, err = fmt.Sscan(lines[1], &size)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	var hashes leaves
	tiles, err := filepath.Glob(filepath.Join(folder, "tile", "0", "*"))
	check(err)
	for _, tile := range tiles {
		bytes, err := os.ReadFile(tile)
		check(err)
		for at := 0; at < len(bytes); at += 32 {
			var hash tlog.Hash
			copy(hash[:], bytes[at:])
			hashes = append(hashes, hash)
		}
	}
	if int64(len(hashes)) != size {
		log.Fatalf("%d leaf hashes, and the checkpoint covers %d", len(hashes), size)
	}
	computed, err := tlog.TreeHash(size, hashes)
	check(err)
	if computed != root {
		log.Fatalf("the tiles have the root %v, the checkpoint %v", computed, root)
	}
	for index := int64(0); index < size; index += size/7 + 1 {
		proof, err := tlog.ProveRecord(size, index, hashes)
		check(err)
		check(tlog.CheckRecord(proof, size, root, index, hashes[index]))
		served, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("proof-%d", index)))
		if err == nil {
			var theirs tlog.RecordProof
			for _, line := range strings.Fields(string(served)) {
				hash, err := tlog.ParseHash(line)
				check(err)
				theirs = append(theirs, hash)
			}
			check(tlog.CheckRecord(theirs, size, root, index, hashes[index]))
		}
	}
	old := size / 2
	tree, err := tlog.TreeHash(old, hashes)
	check(err)
	served, err := os.ReadFile(filepath.Join(folder, "consistency"))
	check(err)
	var theirs tlog.TreeProof
	for _, line := range strings.Fields(string(served)) {
		hash, err := tlog.ParseHash(line)
		check(err)
		theirs = append(theirs, hash)
	}
	check(tlog.CheckTree(theirs, size, root, old, tree))
	fmt.Printf("%d entries, consistent with %d\n", size, old)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
