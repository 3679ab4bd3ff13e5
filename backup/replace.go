package backup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// free refuses early what put would refuse after the copy. It returns the names that are there.
func (o *MakeOptions) free(ctx context.Context, name string) ([]string, error) {
	there, err := o.To.list(ctx)
	if err == nil && !o.Replace && slices.Contains(there, name) {
		err = fmt.Errorf("%s already exists; choose another name, or replace it with --force", o.To.Name(name))
	}
	return there, err
}

// put puts a backup and its manifest at To, which has the names in there. When it replaces a backup, the new manifest comes first, under a
// name of its own: at every moment, one of the manifests describes the backup.
func (o *MakeOptions) put(ctx context.Context, name, file string, manifest []byte, there []string) error {
	next, work := nextManifestOf(name), filepath.Dir(file)
	replaces := o.Replace && slices.Contains(there, name)
	names := []string{name, ManifestOf(name)}
	if replaces {
		names = slices.Insert(names, 0, next)
		if slices.Contains(there, next) {
			if err := o.complete(ctx, name, work); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		from := file
		if name != filepath.Base(file) {
			from = filepath.Join(work, name)
			if err := writeFile(from, manifest); err != nil {
				return err
			}
		}
		if err := o.To.put(ctx, name, from, o.Replace || from != file); err != nil {
			return err
		}
	}
	if replaces {
		if err := o.To.remove(ctx, next); err != nil {
			o.Warn(fmt.Errorf("the backup was made; %s, which is no longer needed, cannot be removed: %w", o.To.Name(next), err))
		}
	}
	return nil
}

// complete completes a replacement that was killed when the backup was there and its manifest was not: no other manifest describes it.
func (o *MakeOptions) complete(ctx context.Context, name, work string) error {
	next, manifest, file := filepath.Join(work, "left.next"), filepath.Join(work, "left.manifest"), filepath.Join(work, "left")
	if err := o.To.get(ctx, nextManifestOf(name), next, manifestMax); err != nil {
		o.Warn(fmt.Errorf("a manifest that an interrupted backup left cannot be read: %w", err))
		return nil
	}
	text, err := os.ReadFile(next)
	if err != nil {
		return err
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil //nolint:nilerr // it describes nothing
	}
	if err := o.To.get(ctx, ManifestOf(name), manifest, manifestMax); err == nil {
		if first, err := os.ReadFile(manifest); err != nil || bytes.Equal(first, text) {
			return err
		}
	}
	if err := o.To.get(ctx, name, file, m.Size); err != nil {
		return nil //nolint:nilerr // such as one that is longer
	}
	if problems, err := m.matches(file); err != nil || len(problems) > 0 {
		return err
	}
	return o.To.put(ctx, ManifestOf(name), next, true)
}
