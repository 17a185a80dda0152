package localdial

import (
	"strconv"
	"sync"
	"testing"
)

func TestTheLeastRecentlyUsedOrganizationIsForgottenFirst(t *testing.T) {
	r := newRevisions(3)
	for number := range int64(3) {
		r.remember(strconv.FormatInt(number, 10), number+1)
	}
	if r.get("0") != 1 {
		t.Error("it holds fewer than it may")
	}
	r.remember("3", 4)
	r.remember("2", 9)
	r.remember("4", 5)
	for organization, want := range map[string]int64{"0": 0, "1": 0, "2": 9, "3": 4, "4": 5} {
		if got := r.get(organization); got != want {
			t.Error(organization, got, want)
		}
	}
	if r.recent.Len() != 3 || len(r.byOrganization) != 3 {
		t.Error(r.recent.Len(), len(r.byOrganization))
	}
}

func TestOnlyARevisionThatIsNotReachedIsForgotten(t *testing.T) {
	r := newRevisions(3)
	r.remember("acme", 7)
	r.forget("acme", 8)
	r.forget("unknown", 7)
	if r.get("acme") != 7 {
		t.Error(r.get("acme"))
	}
	r.forget("acme", 7)
	if r.get("acme") != 0 {
		t.Error(r.get("acme"))
	}
}

func TestRevisionsCanBeRememberedConcurrently(t *testing.T) {
	r := newRevisions(5)
	var all sync.WaitGroup
	for worker := range int64(8) {
		all.Go(func() {
			for step := range int64(1000) {
				organization := strconv.FormatInt((worker+step)%7, 10)
				r.remember(organization, step+1)
				r.get(organization)
				r.forget(organization, step/2)
			}
		})
	}
	all.Wait()
	if r.recent.Len() != len(r.byOrganization) || r.recent.Len() > 5 {
		t.Error(r.recent.Len(), len(r.byOrganization))
	}
}
