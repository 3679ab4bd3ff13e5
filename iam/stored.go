package iam

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// view and update run fn in a transaction of the store. If the store cannot be reached, they return fault.Unavailable, which the
// caller may retry.
func (s *Service) view(ctx context.Context, fn func(tx store.Tx) error) error {
	return available(s.store.View(ctx, fn))
}

func (s *Service) update(ctx context.Context, fn func(tx store.Tx) error) error {
	return available(s.store.Update(ctx, fn))
}

func available(err error) error {
	if errors.Is(err, store.ErrUnavailable) && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.Unavailable, err, "The service is unavailable. Please try again.")
	}
	return err
}
