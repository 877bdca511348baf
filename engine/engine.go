//go:build tools

// Package engine pins the Pulumi command line's modules; see engine/build.ts.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
