// Judges eStargz blobs with containerd's own package, and makes one of a tar.
//
//	estargz verify BLOB TOC_DIGEST   every file through its verifier; prints what was read
//	estargz build TAR BLOB LEVEL     estargz.Build of the same tar; prints the digest of the TOC
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/containerd/stargz-snapshotter/estargz"
	digest "github.com/opencontainers/go-digest"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("want a command and a file"))
	}
	file, err := os.Open(os.Args[2])
	check(err)
	status, err := file.Stat()
	check(err)
	section := io.NewSectionReader(file, 0, status.Size())
	switch os.Args[1] {
	case "verify":
		verify(section, digest.Digest(os.Args[3]))
	case "build":
		build(section, os.Args[3], os.Args[4])
	default:
		fail(fmt.Errorf("want verify or build, got %q", os.Args[1]))
	}
}

func verify(blob *io.SectionReader, want digest.Digest) {
	reader, err := estargz.Open(blob)
	check(err)
	verifier, err := reader.VerifyTOC(want)
	check(err)
	root, found := reader.Lookup("")
	if !found {
		fail(fmt.Errorf("the TOC has no root"))
	}
	var files, chunks, size int64
	seen := map[*estargz.TOCEntry]bool{}
	buffer := make([]byte, 4<<20)
	var walk func(path string, entry *estargz.TOCEntry)
	walk = func(path string, entry *estargz.TOCEntry) {
		entry.ForeachChild(func(name string, child *estargz.TOCEntry) bool {
			walk(path+"/"+name, child)
			return true
		})
		if entry.Type != "reg" || seen[entry] {
			return
		}
		seen[entry] = true // a hard link is the entry that it names
		files++
		size += entry.Size
		content, err := reader.OpenFile(path)
		check(err)
		for offset := int64(0); offset < entry.Size; {
			chunk, found := reader.ChunkEntryForOffset(path, offset)
			if !found {
				fail(fmt.Errorf("%s: no chunk at %d", path, offset))
			}
			if chunk.ChunkOffset != offset || chunk.ChunkSize <= 0 || chunk.ChunkSize > 4<<20 {
				fail(fmt.Errorf("%s: chunk at %d of %d bytes, want one at %d", path, chunk.ChunkOffset, chunk.ChunkSize, offset))
			}
			hash, err := verifier.Verifier(chunk)
			check(err)
			// At once: every read inflates the chunk from its beginning.
			read, err := content.ReadAt(buffer[:chunk.ChunkSize], offset)
			if err != io.EOF {
				check(err)
			}
			_, err = hash.Write(buffer[:read])
			check(err)
			if !hash.Verified() {
				fail(fmt.Errorf("%s: chunk at %d is not what the TOC says", path, offset))
			}
			offset += chunk.ChunkSize
			chunks++
		}
	}
	walk("", root)
	fmt.Printf("%d files %d chunks %d bytes\n", files, chunks, size)
}

func build(tar *io.SectionReader, target, level string) {
	wanted, err := strconv.Atoi(level)
	check(err)
	if wanted > gzip.BestCompression {
		fail(fmt.Errorf("want a level of Go's gzip, got %d", wanted))
	}
	blob, err := estargz.Build(tar, estargz.WithCompressionLevel(wanted))
	check(err)
	out, err := os.Create(target)
	check(err)
	_, err = io.Copy(out, blob)
	check(err)
	check(out.Close())
	check(blob.Close())
	fmt.Println(blob.TOCDigest())
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
