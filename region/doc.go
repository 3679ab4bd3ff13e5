// Package region says which AWS regions a process is.
//
// A Set has one region, several, or any. In a process of several regions, a resource belongs to the region in its id, and a call
// that names a region finds the resources of that region only. The context of a call carries the region.
//
// It does not find out which region a call is for: the scope of a signature says so (server/caller). A process of one region takes
// every resource in its store for its own, whatever its id says.
//
// Source: the regional endpoints of AWS's services, and the form of the names in their lists.
package region
