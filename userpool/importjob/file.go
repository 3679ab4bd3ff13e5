package importjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	// MaxFile limits a file, in bytes.
	MaxFile = 100 << 20

	partSize   = 256 << 10
	purposeCSV = "file of an import job"
)

var (
	errTooLarge = fault.New(fault.RequestTooLarge, "Your proposed upload exceeds the maximum allowed size.")
	errEmpty    = fault.New(fault.InvalidParameter, "The file is empty.")
	errReplaced = fault.New(fault.ResourceConflict, "Another upload of the file has begun, or the job was started.")
)

// Upload stores the file of a job whose upload URL has the query. The file counts when Upload returns nil. A later upload replaces
// an earlier one, and ends one that is under way.
func (s *Service) Upload(ctx context.Context, poolID, id string, query url.Values, file io.Reader) error {
	if err := s.check(poolID, id, uploads, query); err != nil {
		return err
	}
	upload, err := s.base.UUID()
	if err != nil {
		return err
	}
	if err := s.beginUpload(ctx, poolID, id, upload); err != nil {
		return err
	}
	part := make([]byte, partSize)
	size := 0
	for n := 0; ; n++ {
		got, err := io.ReadFull(file, part)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fault.Wrap(fault.InvalidParameter, err, "The request body ended too early.")
		}
		if size += got; size > MaxFile {
			return errTooLarge
		}
		last := err != nil
		if last && size == 0 {
			return errEmpty
		}
		if err := s.putPart(ctx, poolID, id, upload, n, part[:got], size, last); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// beginUpload makes the upload the one that counts.
func (s *Service) beginUpload(ctx context.Context, poolID, id, upload string) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		j, err := tx.ImportJobs.Get(poolID, id)
		if err != nil {
			return err
		}
		if j.Status != Created || overdue(&j, s.base.Now()) {
			return errReplaced
		}
		if err := tx.ImportJobs.DeleteParts(poolID, id); err != nil {
			return err
		}
		j.Upload, j.Size = upload, 0
		return tx.ImportJobs.Update(j)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoJob
	}
	return err
}

// putPart stores a part if the upload still counts, and with the last one the size of the file.
func (s *Service) putPart(ctx context.Context, poolID, id, upload string, n int, part []byte, size int, last bool) error {
	sealed, err := s.base.Seal.Seal(purposeCSV, part, partData(poolID, id, upload, n))
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		j, err := tx.ImportJobs.Get(poolID, id)
		if err != nil {
			return err
		}
		if j.Status != Created || overdue(&j, s.base.Now()) || j.Upload != upload {
			return errReplaced
		}
		if len(part) > 0 {
			if err := tx.ImportJobs.PutPart(poolID, id, upload, n, sealed); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		j.Size = size
		return tx.ImportJobs.Update(j)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoJob
	}
	return err
}

func partData(poolID, id, upload string, n int) []byte {
	return []byte(poolID + "\n" + id + "\n" + upload + "\n" + strconv.Itoa(n))
}

// file reads the file of a job from the store.
type file struct {
	ctx  context.Context //nolint:containedctx // an io.Reader has no other way
	s    *Service
	j    *store.ImportJob
	next int
	rest []byte
	lost error // a part could not be read, or not be opened: perhaps another process can
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		if f.next*partSize >= f.j.Size {
			return 0, io.EOF
		}
		var sealed []byte
		if err := f.s.base.View(f.ctx, func(tx store.Tx) (err error) {
			sealed, err = tx.ImportJobs.Part(f.j.PoolID, f.j.ID, f.j.Upload, f.next)
			return err
		}); err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				f.lost = err
			}
			return 0, err
		}
		part, err := f.s.base.Seal.Open(purposeCSV, sealed, partData(f.j.PoolID, f.j.ID, f.j.Upload, f.next))
		if err != nil {
			f.lost = fmt.Errorf("importjob: opening part %d of the file of %s: %w", f.next, f.j.ID, err)
			return 0, f.lost
		}
		f.rest, f.next = part, f.next+1
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// Log writes the log of a job whose URL has the query: one line for each row of the file that has been dealt with.
func (s *Service) Log(ctx context.Context, poolID, id string, query url.Values, to io.Writer) error {
	if err := s.check(poolID, id, fetchLog, query); err != nil {
		return err
	}
	if _, err := s.Describe(ctx, poolID, id); err != nil {
		return err
	}
	for n := 0; ; n++ {
		var lines string
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
			lines, err = tx.ImportJobs.Log(poolID, id, n)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(to, lines); err != nil {
			return err
		}
	}
}

// PartSeal returns the purpose and the additional data with which part n of the file of a job is sealed.
func PartSeal(poolID, id, upload string, n int) (purpose string, additional []byte) {
	return purposeCSV, partData(poolID, id, upload, n)
}
