package masterkey

// Halt ends a Keeper as the death of its process does: it stays in the record.
func (k *Keeper) Halt() error {
	k.stop()
	k.done.Wait()
	return nil
}
