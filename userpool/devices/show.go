package devices

import (
	"context"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Device is a device as the API shows it.
type Device struct {
	Key             string               // "<region>_<UUID>"
	Attributes      []userpool.Attribute // DeviceAttributes: device_name, device_status, last_ip_used …
	CreatedAt       time.Time            // DeviceCreateDate
	ModifiedAt      time.Time            // DeviceLastModifiedDate
	AuthenticatedAt time.Time            // DeviceLastAuthenticatedDate, in whole seconds
}

// GetDevice returns a device of the token's user.
func (s *Service) GetDevice(ctx context.Context, accessToken, key string) (*Device, error) {
	who, err := s.self(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, who, key, shown)
}

// AdminGetDevice returns a device of a user.
func (s *Service) AdminGetDevice(ctx context.Context, poolID, name, key string) (*Device, error) {
	who, err := s.namedToRead(ctx, poolID, name)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, who, key, shownToAdmin)
}

func (s *Service) one(ctx context.Context, who *owner, key string, show func(*owner, *store.Device) Device) (*Device, error) {
	var d store.Device
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		d, err = tx.Devices.Get(who.pool.ID, who.user.Sub, key)
		return err
	})
	if err != nil {
		return nil, missing(err)
	}
	out := show(who, &d)
	return &out, nil
}

// ListDevices returns at most limit remembered devices of the token's user whose keys are after the given one, and the key to
// continue after, "" if there are no more. As in AWS, it leaves out devices that are not remembered: see
// https://github.com/aws-amplify/amplify-js/pull/12171.
func (s *Service) ListDevices(ctx context.Context, accessToken, after string, limit int) ([]Device, string, error) {
	who, err := s.self(ctx, accessToken)
	if err != nil {
		return nil, "", err
	}
	return s.list(ctx, who, after, limit, func(d *store.Device) bool { return d.Remembered }, shown)
}

// AdminListDevices returns at most limit devices of a user, remembered or not.
func (s *Service) AdminListDevices(ctx context.Context, poolID, name, after string, limit int) ([]Device, string, error) {
	who, err := s.namedToRead(ctx, poolID, name)
	if err != nil {
		return nil, "", err
	}
	return s.list(ctx, who, after, limit, func(*store.Device) bool { return true }, shownToAdmin)
}

// list reads all devices after the key: a user has maxDevices at most.
func (s *Service) list(ctx context.Context, who *owner, after string, limit int, takes func(*store.Device) bool,
	show func(*owner, *store.Device) Device) (out []Device, next string, err error) {
	var all []store.Device
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.Devices.List(who.pool.ID, who.user.Sub, store.Page{After: after})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	out = []Device{}
	for i := range all {
		if takes(&all[i]) {
			out = append(out, show(who, &all[i]))
		}
	}
	out, next = userpool.CutPage(out, limit, func(d Device) string { return d.Key })
	return out, next, nil
}

func frame(d *store.Device) Device {
	return Device{Key: d.Key, CreatedAt: d.CreatedAt, ModifiedAt: d.ModifiedAt, AuthenticatedAt: d.AuthenticatedAt.Truncate(time.Second)}
}

// common returns the attributes of a device that come first.
func common(d *store.Device) []userpool.Attribute {
	list := []userpool.Attribute{{Name: "device_status", Value: "valid"}}
	if d.Name != "" {
		list = append(list, userpool.Attribute{Name: "device_name", Value: d.Name})
	}
	return list
}

func lastIP(list []userpool.Attribute, d *store.Device) []userpool.Attribute {
	if d.LastIP == "" {
		return list
	}
	return append(list, userpool.Attribute{Name: "last_ip_used", Value: d.LastIP})
}

// shown returns a device with the attributes that its user sees.
func shown(_ *owner, d *store.Device) Device {
	out := frame(d)
	out.Attributes = lastIP(common(d), d)
	return out
}

// shownToAdmin returns a device with the attributes that an administrator sees, in AWS's order.
//
// Source: the examples of admin-get-device and admin-list-devices in the AWS CLI.
func shownToAdmin(who *owner, d *store.Device) Device {
	owner := who.user.Username + "." + who.pool.ID
	arn, _, _ := strings.Cut(who.pool.ARN, ":userpool/")
	status := StatusNotRemembered
	if d.Remembered {
		status = StatusRemembered
	}
	list := append(common(d), userpool.Attribute{Name: "dev:device_arn", Value: arn + ":owner/" + owner + "/device/" + d.Key},
		userpool.Attribute{Name: "dev:device_owner", Value: owner})
	out := frame(d)
	out.Attributes = append(lastIP(list, d), userpool.Attribute{Name: "dev:device_remembered_status", Value: status},
		userpool.Attribute{Name: "dev:device_sdk", Value: "aws-sdk"})
	return out
}
