package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const noGroupText = "Group not found."

// group makes a group of the notes pool with the scenario's name.
func group(t *testing.T, c *sdk) *types.GroupType {
	t.Helper()
	made, err := c.users(harness.Admin).CreateGroup(t.Context(), &cip.CreateGroupInput{
		UserPoolId: notesPool, GroupName: &c.name, Description: aws.String("makes things"), Precedence: aws.Int32(30),
	})
	ok(t, err)
	return made.Group
}

func (userPools) CreateGroup(t *testing.T, c *sdk) {
	made := group(t, c)
	equal(t, "name", aws.ToString(made.GroupName), c.name)
	equal(t, "pool", aws.ToString(made.UserPoolId), harness.Pool)
	equal(t, "description", aws.ToString(made.Description), "makes things")
	equal(t, "precedence", aws.ToInt32(made.Precedence), 30)
	if made.CreationDate == nil || made.LastModifiedDate == nil || made.RoleArn != nil {
		t.Errorf("group %+v", made)
	}
	_, err := c.users(harness.Admin).CreateGroup(t.Context(), &cip.CreateGroupInput{UserPoolId: notesPool, GroupName: &c.name})
	wantError(t, err, "GroupExistsException", "A group with the name already exists.")
}

func (userPools) GetGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	got, err := admin.GetGroup(t.Context(), &cip.GetGroupInput{UserPoolId: notesPool, GroupName: aws.String("readers")})
	ok(t, err)
	equal(t, "description", aws.ToString(got.Group.Description), "May read notes")
	equal(t, "precedence", aws.ToInt32(got.Group.Precedence), 20)
	_, err = admin.GetGroup(t.Context(), &cip.GetGroupInput{UserPoolId: notesPool, GroupName: &c.name})
	wantError(t, err, "ResourceNotFoundException", noGroupText)
}

func (userPools) UpdateGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	group(t, c)
	got, err := admin.UpdateGroup(t.Context(), &cip.UpdateGroupInput{UserPoolId: notesPool, GroupName: &c.name, Precedence: aws.Int32(5)})
	ok(t, err)
	equal(t, "precedence", aws.ToInt32(got.Group.Precedence), 5)
	equal(t, "description", aws.ToString(got.Group.Description), "makes things")
	_, err = admin.UpdateGroup(t.Context(), &cip.UpdateGroupInput{UserPoolId: notesPool, GroupName: aws.String("no-such-group")})
	wantError(t, err, "ResourceNotFoundException", noGroupText)
}

func (userPools) DeleteGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	group(t, c)
	in := &cip.DeleteGroupInput{UserPoolId: notesPool, GroupName: &c.name}
	_, err := admin.DeleteGroup(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteGroup(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", noGroupText)
}

func (userPools) ListGroups(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	group(t, c)
	listed := map[string]bool{}
	for list := cip.NewListGroupsPaginator(admin, &cip.ListGroupsInput{UserPoolId: notesPool, Limit: aws.Int32(1)}); list.HasMorePages(); {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, g := range page.Groups {
			listed[aws.ToString(g.GroupName)] = true
		}
	}
	if !listed[c.name] || !listed["readers"] || !listed["editors"] {
		t.Errorf("groups %v", listed)
	}
	_, err := admin.ListGroups(t.Context(), &cip.ListGroupsInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

// groupsOf lists the groups of a user of the notes pool.
func groupsOf(t *testing.T, c *sdk, name string) []types.GroupType {
	t.Helper()
	list, err := c.users(harness.Admin).AdminListGroupsForUser(t.Context(), &cip.AdminListGroupsForUserInput{UserPoolId: notesPool, Username: &name})
	ok(t, err)
	return list.Groups
}

func (userPools) AdminAddUserToGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	add := func(group string) error {
		_, err := admin.AdminAddUserToGroup(t.Context(), &cip.AdminAddUserToGroupInput{UserPoolId: notesPool, Username: &c.name, GroupName: &group})
		return err
	}
	ok(t, add("readers"))
	ok(t, add("readers")) // a member already
	equal(t, "number of groups", len(groupsOf(t, c, c.name)), 1)
	wantError(t, add("no-such-group"), "ResourceNotFoundException", noGroupText)
}

func (userPools) AdminRemoveUserFromGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name, "readers", "editors")
	remove := func(group string) error {
		_, err := admin.AdminRemoveUserFromGroup(t.Context(), &cip.AdminRemoveUserFromGroupInput{UserPoolId: notesPool, Username: &c.name, GroupName: &group})
		return err
	}
	ok(t, remove("editors"))
	left := groupsOf(t, c, c.name)
	if len(left) != 1 || aws.ToString(left[0].GroupName) != "readers" {
		t.Errorf("groups %v", left)
	}
	wantError(t, remove("no-such-group"), "ResourceNotFoundException", noGroupText)
}

func (userPools) AdminListGroupsForUser(t *testing.T, c *sdk) {
	makeUser(t, c.Sluice, c.name, "readers", "editors")
	groups := groupsOf(t, c, c.name)
	if len(groups) != 2 || aws.ToString(groups[0].Description) == "" || aws.ToString(groups[1].Description) == "" {
		t.Errorf("groups %+v", groups)
	}
	_, err := c.users(harness.Admin).AdminListGroupsForUser(t.Context(), &cip.AdminListGroupsForUserInput{UserPoolId: notesPool, Username: aws.String("no-such-user")})
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) ListUsersInGroup(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	group(t, c)
	sub := makeUser(t, c.Sluice, c.name, c.name)
	got, err := admin.ListUsersInGroup(t.Context(), &cip.ListUsersInGroupInput{UserPoolId: notesPool, GroupName: &c.name})
	ok(t, err)
	if len(got.Users) != 1 {
		t.Fatalf("%d users", len(got.Users))
	}
	equal(t, "user", aws.ToString(got.Users[0].Username), c.name)
	equal(t, "sub", attributes(got.Users[0].Attributes)["sub"], sub)
	_, err = admin.ListUsersInGroup(t.Context(), &cip.ListUsersInGroupInput{UserPoolId: notesPool, GroupName: aws.String("no-such-group")})
	wantError(t, err, "ResourceNotFoundException", noGroupText)
}
