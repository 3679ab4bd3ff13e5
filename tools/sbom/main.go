// Command sbom prints the modules of a Go binary as a CycloneDX document: sbom <binary> <version>.
//
// What it does: it reads the list that the compiler puts into each binary, so the document is about the binary and not about go.mod.
//
// What it leaves to others: licences and known weaknesses, which tools look up by the package URLs.
//
// Source: https://cyclonedx.org/docs/1.6/json/, https://github.com/package-url/purl-spec.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

type component struct {
	Type    string `json:"type"`
	BOMRef  string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
}

type document struct {
	Format      string         `json:"bomFormat"`
	SpecVersion string         `json:"specVersion"`
	Version     int            `json:"version"`
	Metadata    map[string]any `json:"metadata"`
	Components  []component    `json:"components"`
}

func main() {
	if len(os.Args) != 3 {
		fail("write: sbom <binary> <version>")
	}
	info, err := buildinfo.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(describe(info, os.Args[2])); err != nil {
		fail(err)
	}
}

// describe returns the document of a binary. Its modules come sorted, so the same binary has the same document.
func describe(info *buildinfo.BuildInfo, version string) document {
	d := document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: map[string]any{"component": module("application", info.Main.Path, version)}}
	d.Components = append(d.Components, module("library", "stdlib", info.GoVersion))
	for _, m := range info.Deps {
		d.Components = append(d.Components, dependency(m))
	}
	return d
}

// dependency returns the module in the binary: a replacement takes the place of what it replaces.
func dependency(m *debug.Module) component {
	for m.Replace != nil {
		m = m.Replace
	}
	return module("library", m.Path, m.Version)
}

func module(kind, path, version string) component {
	purl := fmt.Sprintf("pkg:golang/%s@%s", path, version)
	return component{kind, purl, path, version, purl}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, "sbom:", reason)
	os.Exit(1)
}
