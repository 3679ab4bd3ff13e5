package store

import "time"

// Device is a confirmed device of a user.
type Device struct {
	PoolID          string    // with Sub, the user
	Sub             string    // UUID
	Key             string    // "<region>_<UUID>"; unique for the user
	GroupKey        string    // "-" and 8 characters; part of the SRP verifier
	Name            string    // as the client sent it; "" = none
	Salt            []byte    // the bytes of an integer
	Verifier        []byte    // sealed
	Remembered      bool      // device_remembered_status: it may skip the second factor
	LastIP          string    // "" = not known
	CreatedAt       time.Time // when it was confirmed
	ModifiedAt      time.Time // of the last change of its status
	AuthenticatedAt time.Time // when the user last signed in with the device
}

// Devices keeps the devices of users. The key of List is the device's key.
type Devices interface {
	Get(poolID, sub, key string) (Device, error)
	Insert(Device) error // ErrExists; ErrNotFound without the user
	Update(Device) error
	Delete(poolID, sub, key string) error
	List(poolID, sub string, p Page) ([]Device, error)
	// Beyond returns at most limit devices of a user, without the keep that were authenticated last; the newest first.
	Beyond(poolID, sub string, keep, limit int) ([]Device, error)
}
