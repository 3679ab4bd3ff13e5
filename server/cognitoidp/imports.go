package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/importjob"
)

// importOperations are the operations on jobs that import users.
func (s *server) importOperations() rpc.Registry {
	return rpc.Registry{
		"CreateUserImportJob":   rpc.Handle(s.createUserImportJob),
		"DescribeUserImportJob": rpc.Handle(s.describeUserImportJob),
		"GetCSVHeader":          rpc.Handle(s.getCSVHeader),
		"ListUserImportJobs":    rpc.Handle(s.listUserImportJobs),
		"StartUserImportJob":    rpc.Handle(s.startUserImportJob),
		"StopUserImportJob":     rpc.Handle(s.stopUserImportJob),
	}
}

func (s *server) getCSVHeader(ctx context.Context, _ *rpc.Call, in *wire.GetCSVHeaderRequest) (*wire.GetCSVHeaderResponse, error) {
	header, err := s.imports.Header(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	return &wire.GetCSVHeaderResponse{UserPoolId: in.UserPoolId, CSVHeader: header}, nil
}

func (s *server) createUserImportJob(ctx context.Context, _ *rpc.Call, in *wire.CreateUserImportJobRequest) (*wire.CreateUserImportJobResponse, error) {
	j, err := s.imports.Create(ctx, importjob.Input{PoolID: api.Value(in.UserPoolId), Name: api.Value(in.JobName), RoleARN: api.Value(in.CloudWatchLogsRoleArn),
		Algorithm: api.Value(in.PasswordHashingAlgorithm)})
	if err != nil {
		return nil, err
	}
	return &wire.CreateUserImportJobResponse{UserImportJob: jobOut(j)}, nil
}

func (s *server) describeUserImportJob(ctx context.Context, _ *rpc.Call, in *wire.DescribeUserImportJobRequest) (*wire.DescribeUserImportJobResponse, error) {
	j, err := s.imports.Describe(ctx, api.Value(in.UserPoolId), api.Value(in.JobId))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeUserImportJobResponse{UserImportJob: jobOut(j)}, nil
}

func (s *server) startUserImportJob(ctx context.Context, _ *rpc.Call, in *wire.StartUserImportJobRequest) (*wire.StartUserImportJobResponse, error) {
	j, err := s.imports.Start(ctx, api.Value(in.UserPoolId), api.Value(in.JobId))
	if err != nil {
		return nil, err
	}
	return &wire.StartUserImportJobResponse{UserImportJob: jobOut(j)}, nil
}

func (s *server) stopUserImportJob(ctx context.Context, _ *rpc.Call, in *wire.StopUserImportJobRequest) (*wire.StopUserImportJobResponse, error) {
	j, err := s.imports.Stop(ctx, api.Value(in.UserPoolId), api.Value(in.JobId))
	if err != nil {
		return nil, err
	}
	return &wire.StopUserImportJobResponse{UserImportJob: jobOut(j)}, nil
}

func (s *server) listUserImportJobs(ctx context.Context, _ *rpc.Call, in *wire.ListUserImportJobsRequest) (*wire.ListUserImportJobsResponse, error) {
	after, size, err := s.pageOf(in.PaginationToken, in.MaxResults, "ListUserImportJobs", api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	list, last, err := s.imports.List(ctx, api.Value(in.UserPoolId), after, min(size, maxJobPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserImportJobsResponse{}
	for _, j := range list {
		out.UserImportJobs = append(out.UserImportJobs, *jobOut(j))
	}
	out.PaginationToken, err = s.next(last, "ListUserImportJobs", api.Value(in.UserPoolId))
	return out, err
}

// maxJobPage is how many jobs the answer may list, as its shape says; the request may ask for 60.
const maxJobPage = 50

func jobOut(j *importjob.Job) *wire.UserImportJobType {
	out := &wire.UserImportJobType{JobId: &j.ID, JobName: &j.Name, UserPoolId: &j.PoolID, Status: &j.Status, CloudWatchLogsRoleArn: &j.RoleARN,
		PreSignedUrl: &j.URL, CreationDate: api.At(j.CreatedAt), ImportedUsers: new(int64(j.Imported)), SkippedUsers: new(int64(j.Skipped)),
		FailedUsers: new(int64(j.Failed))}
	if j.Algorithm != "" {
		out.PasswordHashingAlgorithm = &j.Algorithm
	}
	if j.Message != "" {
		out.CompletionMessage = &j.Message
	}
	if !j.StartedAt.IsZero() {
		out.StartDate = api.At(j.StartedAt)
	}
	if !j.EndedAt.IsZero() {
		out.CompletionDate = api.At(j.EndedAt)
	}
	return out
}
