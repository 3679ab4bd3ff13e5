package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/devices"
)

// deviceOperations are the operations on the devices of users.
func (s *server) deviceOperations() rpc.Registry {
	return rpc.Registry{
		"AdminForgetDevice":       rpc.Handle(s.adminForgetDevice),
		"AdminGetDevice":          rpc.Handle(s.adminGetDevice),
		"AdminListDevices":        rpc.Handle(s.adminListDevices),
		"AdminUpdateDeviceStatus": rpc.Handle(s.adminUpdateDeviceStatus),
		"ConfirmDevice":           rpc.Handle(s.confirmDevice),
		"ForgetDevice":            rpc.Handle(s.forgetDevice),
		"GetDevice":               rpc.Handle(s.getDevice),
		"ListDevices":             rpc.Handle(s.listDevices),
		"UpdateDeviceStatus":      rpc.Handle(s.updateDeviceStatus),
	}
}

func (s *server) confirmDevice(ctx context.Context, c *rpc.Call, in *wire.ConfirmDeviceRequest) (*wire.ConfirmDeviceResponse, error) {
	request := devices.Confirmation{AccessToken: api.Value(in.AccessToken), Key: api.Value(in.DeviceKey), Name: api.Value(in.DeviceName),
		Context: s.clientContext(c, nil)}
	if v := in.DeviceSecretVerifierConfig; v != nil {
		request.Verifier, request.Salt = api.Value(v.PasswordVerifier), api.Value(v.Salt)
	}
	necessary, err := s.devices.ConfirmDevice(ctx, request)
	if err != nil {
		return nil, err
	}
	return &wire.ConfirmDeviceResponse{UserConfirmationNecessary: &necessary}, nil
}

func (s *server) getDevice(ctx context.Context, _ *rpc.Call, in *wire.GetDeviceRequest) (*wire.GetDeviceResponse, error) {
	d, err := s.devices.GetDevice(ctx, api.Value(in.AccessToken), api.Value(in.DeviceKey))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeviceResponse{Device: deviceOut(d)}, nil
}

func (s *server) adminGetDevice(ctx context.Context, _ *rpc.Call, in *wire.AdminGetDeviceRequest) (*wire.AdminGetDeviceResponse, error) {
	d, err := s.devices.AdminGetDevice(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.DeviceKey))
	if err != nil {
		return nil, err
	}
	return &wire.AdminGetDeviceResponse{Device: deviceOut(d)}, nil
}

// listDevices gives pages whose tokens continue the list of any user: they hold a device's key, which says nothing about
// another user's devices.
func (s *server) listDevices(ctx context.Context, _ *rpc.Call, in *wire.ListDevicesRequest) (*wire.ListDevicesResponse, error) {
	after, size, err := s.pageOf(in.PaginationToken, in.Limit, "ListDevices")
	if err != nil {
		return nil, err
	}
	list, last, err := s.devices.ListDevices(ctx, api.Value(in.AccessToken), after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "ListDevices")
	return &wire.ListDevicesResponse{Devices: devicesOut(list), PaginationToken: token}, err
}

func (s *server) adminListDevices(ctx context.Context, _ *rpc.Call, in *wire.AdminListDevicesRequest) (*wire.AdminListDevicesResponse, error) {
	pool, name := api.Value(in.UserPoolId), api.Value(in.Username)
	after, size, err := s.pageOf(in.PaginationToken, in.Limit, "AdminListDevices", pool, name)
	if err != nil {
		return nil, err
	}
	list, last, err := s.devices.AdminListDevices(ctx, pool, name, after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "AdminListDevices", pool, name)
	return &wire.AdminListDevicesResponse{Devices: devicesOut(list), PaginationToken: token}, err
}

func (s *server) updateDeviceStatus(ctx context.Context, _ *rpc.Call, in *wire.UpdateDeviceStatusRequest) (*wire.UpdateDeviceStatusResponse, error) {
	return nil, s.devices.UpdateDeviceStatus(ctx, api.Value(in.AccessToken), api.Value(in.DeviceKey), api.Value(in.DeviceRememberedStatus))
}

func (s *server) adminUpdateDeviceStatus(ctx context.Context, _ *rpc.Call, in *wire.AdminUpdateDeviceStatusRequest) (*wire.AdminUpdateDeviceStatusResponse, error) {
	return nil, s.devices.AdminUpdateDeviceStatus(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.DeviceKey),
		api.Value(in.DeviceRememberedStatus))
}

func (s *server) forgetDevice(ctx context.Context, _ *rpc.Call, in *wire.ForgetDeviceRequest) (*api.Empty, error) {
	return nil, s.devices.ForgetDevice(ctx, api.Value(in.AccessToken), api.Value(in.DeviceKey))
}

func (s *server) adminForgetDevice(ctx context.Context, _ *rpc.Call, in *wire.AdminForgetDeviceRequest) (*api.Empty, error) {
	return nil, s.devices.AdminForgetDevice(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.DeviceKey))
}

func deviceOut(d *devices.Device) *wire.DeviceType {
	return &wire.DeviceType{DeviceKey: &d.Key, DeviceAttributes: attributesOut(d.Attributes), DeviceCreateDate: api.At(d.CreatedAt),
		DeviceLastModifiedDate: api.At(d.ModifiedAt), DeviceLastAuthenticatedDate: api.At(d.AuthenticatedAt)}
}

func devicesOut(list []devices.Device) []wire.DeviceType {
	out := make([]wire.DeviceType, 0, len(list))
	for _, d := range list {
		out = append(out, *deviceOut(&d))
	}
	return out
}
