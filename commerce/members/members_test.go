package members_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func refs(pairs ...string) commerce.Maybe[[]commerce.Reference] {
	var out []commerce.Reference
	for _, p := range pairs {
		system, value, _ := strings.Cut(p, ":")
		out = append(out, commerce.Reference{System: system, Value: value})
	}
	return commerce.Some(out)
}

// zhang is a member with everything.
func zhang() members.UpsertInput {
	return members.UpsertInput{
		Name: commerce.Some("张小明"), Phone: commerce.Some("138-1234 5678"), Email: commerce.Some("Zhang@Example.com"),
		Birthday: commerce.Some("1990-05-17"), Tags: commerce.Some([]string{"vip", "vip"}),
		ExternalRefs: refs("crm:1"), Identities: refs("taobao:buyer1", "wechat:open1"),
	}
}

func upsert(t *testing.T, k *testkit.Kit, in members.UpsertInput) members.Upserted {
	t.Helper()
	out, err := (&members.Service{Store: k.Store}).Upsert(k.Ctx, in)
	require.NoError(t, err)
	return out
}

func TestAMemberIsMadeAndFoundByEveryName(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		out := upsert(t, k, zhang())
		require.True(t, out.Created)
		require.Equal(t, []string{"vip"}, out.Member.Tags)
		require.Equal(t, []events.Fact{{Type: events.MemberChanged, Aggregate: out.Member.ID, Sequence: 1}}, k.Facts(t, out.Member.ID))
		require.Zero(t, k.Count(t, "events", "data IS NOT NULL"))

		unknown := commerce.NewUUID()
		all := []commerce.MemberRef{
			{ID: &out.Member.ID}, {Phone: "13812345678"}, {External: &commerce.Reference{System: "crm", Value: "1"}},
			{Identity: &commerce.Reference{System: "taobao", Value: "buyer1"}}, {ID: &unknown}, {Phone: "1"}, {External: &commerce.Reference{System: "wechat", Value: "open1"}},
		}
		ctx, n := db.Counted(k.Ctx)
		found, err := members.Find(ctx, k.Store.Ent, all)
		require.NoError(t, err)
		require.EqualValues(t, 4, n.Load())
		for i, m := range found {
			if i < 4 {
				require.NotNil(t, m, i)
				require.Equal(t, out.Member.ID, m.ID)
			} else {
				require.Nil(t, m, i)
			}
		}
		found, err = members.Find(k.Without(auth.MembersPII), k.Store.Ent, all[:2])
		require.NoError(t, err)
		require.NotNil(t, found[0])
		require.Nil(t, found[1], "a phone finds nobody without members:pii")
		found, err = members.Find(k.OtherCtx, k.Store.Ent, all)
		require.NoError(t, err)
		require.Equal(t, make([]any, 7), nils(found))
		found, err = members.Find(k.At(), k.Store.Ent, all)
		require.NoError(t, err)
		require.Equal(t, make([]any, 7), nils(found), "no visible order, no member")
	})
}

func nils[T any](in []*T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		if v != nil {
			out[i] = *v
		}
	}
	return out
}

func TestAMemberIsBroughtUpToDate(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		m := upsert(t, k, zhang()).Member
		by := &commerce.MemberRef{Identity: &commerce.Reference{System: "taobao", Value: "buyer1"}}
		same := zhang()
		same.By = by
		require.EqualValues(t, 1, upsert(t, k, same).Member.Version)
		require.Len(t, k.Facts(t, m.ID), 1, "the same again is no change")

		out := upsert(t, k, members.UpsertInput{By: by, Phone: commerce.Null[string](), Birthday: commerce.Some(""), Name: commerce.Null[string](),
			Identities: refs("jd:9"), ExternalRefs: commerce.Null[[]commerce.Reference]()})
		require.False(t, out.Created)
		require.Equal(t, m.ID, out.Member.ID)
		require.EqualValues(t, 2, out.Member.Version)
		require.Empty(t, out.Member.Name)
		require.Nil(t, out.Member.Phone)
		require.Nil(t, out.Member.PhoneFolded)
		require.Nil(t, out.Member.Birthday)
		require.Equal(t, "Zhang@Example.com", *out.Member.Email)
		require.Equal(t, "zhang@example.com", *out.Member.EmailFolded)
		require.Equal(t, 3, k.Count(t, "member_identities", ""))
		require.Zero(t, k.Count(t, "external_refs", ""))
		require.Len(t, k.Facts(t, m.ID), 2)

		made := upsert(t, k, members.UpsertInput{By: &commerce.MemberRef{Phone: "13812345678"}, Name: commerce.Some("李")})
		require.True(t, made.Created)
		require.Equal(t, "13812345678", *made.Member.Phone)
		require.Equal(t, made.Member.ID, upsert(t, k, members.UpsertInput{By: &commerce.MemberRef{Phone: "138 1234 5678"}, Tags: commerce.Some([]string{"x"})}).Member.ID)
		external := &commerce.MemberRef{External: &commerce.Reference{System: "crm", Value: "7"}}
		seventh := upsert(t, k, members.UpsertInput{By: external})
		require.True(t, seventh.Created)
		require.Equal(t, seventh.Member.ID, upsert(t, k, members.UpsertInput{By: external}).Member.ID)
		require.True(t, upsert(t, k, members.UpsertInput{}).Created, "without a name for it, a new one each time")
	})
}

func TestWhatAnotherMemberHasIsRefused(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &members.Service{Store: k.Store}
		m := upsert(t, k, zhang()).Member
		wanted := []string{"ALREADY_EXISTS phone", "ALREADY_EXISTS email", "ALREADY_EXISTS externalRefs.0", "ALREADY_EXISTS identities.0", "ALREADY_EXISTS identities.1"}
		narrowed := k.Viewer(auth.Scopes()...)
		narrowed.Channels = []commerce.UUID{}
		for _, viewer := range []*auth.Viewer{k.Viewer(auth.Scopes()...), k.Viewer(auth.MembersWrite), narrowed} {
			_, err := s.Upsert(k.With(viewer), zhang())
			require.Equal(t, wanted, testkit.Said(err))
			for _, e := range testkit.All(err) {
				require.Nil(t, e.Details)
				for _, secret := range []string{"张小明", "138", "xample", "buyer1", m.ID.String()} {
					require.NotContains(t, e.Error(), secret)
				}
			}
		}
		blind := members.UpsertInput{By: &commerce.MemberRef{Phone: "13812345678"}, Name: commerce.Some("x")}
		_, err := s.Upsert(k.As(auth.MembersWrite), blind)
		testkit.Refused(t, err, commerce.AlreadyExists, "by.phone")
		unknown := commerce.NewUUID()
		_, err = s.Upsert(k.Ctx, members.UpsertInput{By: &commerce.MemberRef{ID: &unknown}})
		testkit.Refused(t, err, commerce.NotFound, "by")
		_, err = s.Upsert(k.On(), members.UpsertInput{By: &commerce.MemberRef{ID: &m.ID}})
		testkit.Refused(t, err, commerce.NotFound, "by")
		_, err = s.Upsert(k.OtherCtx, members.UpsertInput{By: &commerce.MemberRef{ID: &m.ID}})
		testkit.Refused(t, err, commerce.NotFound, "by")
		_, err = s.Upsert(k.Without(auth.MembersWrite), zhang())
		testkit.Refused(t, err, commerce.Forbidden, "")
		require.Equal(t, 1, k.Count(t, "members", ""))
		require.Equal(t, 1, k.Count(t, "events", ""))

		theirs, err := s.Upsert(k.OtherCtx, zhang())
		require.NoError(t, err)
		require.NotEqual(t, m.ID, theirs.Member.ID)
		own, err := s.Upsert(k.On(), members.UpsertInput{Name: commerce.Some("new")})
		require.NoError(t, err)
		require.True(t, own.Created)
	})
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	k := testkit.SQLite(t)
	many := make([]string, 21)
	for i := range many {
		many[i] = "s:" + strings.Repeat("x", i+1)
	}
	_, err := (&members.Service{Store: k.Store}).Upsert(k.Ctx, members.UpsertInput{
		By: &commerce.MemberRef{Phone: "call me"}, Name: commerce.Some(strings.Repeat("n", 201)), Phone: commerce.Some("12"), Email: commerce.Some("nobody"),
		Birthday: commerce.Some("2990-01-01"), Tags: commerce.Some([]string{"a", ""}), ExternalRefs: refs("crm:"), Identities: refs(many...),
	})
	require.Equal(t, []string{"INVALID_INPUT by.phone", "INVALID_INPUT name", "INVALID_INPUT phone", "INVALID_INPUT email", "INVALID_INPUT birthday",
		"INVALID_INPUT tags.1", "INVALID_INPUT externalRefs.0.value", "LIMIT_EXCEEDED identities"}, testkit.Said(err))
	m := upsert(t, k, members.UpsertInput{Identities: refs(many[:20]...)}).Member
	_, err = (&members.Service{Store: k.Store}).Upsert(k.Ctx, members.UpsertInput{By: &commerce.MemberRef{ID: &m.ID}, Identities: refs(many[20])})
	testkit.Refused(t, err, commerce.LimitExceeded, "identities")
}

func TestAPseudonymIsOneMember(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		ids := make([]commerce.UUID, 8)
		errs := make([]error, len(ids))
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				ids[i], errs[i] = events.Do(k.On(), k.Store, func(tx *events.Tx) (commerce.UUID, error) {
					return members.Pseudonym(k.Ctx, tx, "taobao", "buyer9")
				})
			})
		}
		all.Wait()
		for i := range ids {
			require.NoError(t, errs[i])
			require.Equal(t, ids[0], ids[i])
		}
		require.Equal(t, 1, k.Count(t, "members", ""))
		require.Equal(t, []events.Fact{{Type: events.MemberChanged, Aggregate: ids[0], Sequence: 1}}, k.Facts(t, ids[0]))
		theirs, err := events.Do(k.OtherCtx, k.Store, func(tx *events.Tx) (commerce.UUID, error) {
			return members.Pseudonym(k.OtherCtx, tx, "taobao", "buyer9")
		})
		require.NoError(t, err)
		require.NotEqual(t, ids[0], theirs)
		m, err := members.FindOne(k.Ctx, k.Store.Ent, commerce.MemberRef{Identity: &commerce.Reference{System: "taobao", Value: "buyer9"}})
		require.NoError(t, err)
		require.Empty(t, m.Tags)
	})
}

func TestTwoWhoMakeTheSameMemberMakeOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &members.Service{Store: k.Store}
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				in := zhang()
				in.By = &commerce.MemberRef{External: &commerce.Reference{System: "crm", Value: "1"}}
				_, errs[i] = s.Upsert(k.Ctx, in)
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1, k.Count(t, "members", ""))
		require.Equal(t, 2, k.Count(t, "member_identities", ""))
		require.Equal(t, 1, k.Count(t, "events", ""))
	})
}
