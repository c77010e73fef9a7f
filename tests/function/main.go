// A composition function for tests. What it composes stands in the composite: a ConfigMap with its text; a Deployment
// where it asks for one, which is ready when its status says so; or a fatal result, where it names one.
package main

import (
	"context"
	"errors"
	"flag"
	"log"

	function "github.com/crossplane/function-sdk-go"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/request"
	"github.com/crossplane/function-sdk-go/resource"
	"github.com/crossplane/function-sdk-go/resource/composed"
	"github.com/crossplane/function-sdk-go/response"
)

func main() {
	address := flag.String("address", "127.0.0.1:9443", "where to listen")
	certificates := flag.String("tls-certs-dir", "", "the folder with ca.crt, tls.crt and tls.key")
	flag.Parse()
	err := function.Serve(&composer{}, function.Listen("tcp", *address), function.MTLSCertificates(*certificates))
	if err != nil {
		log.Fatal(err)
	}
}

type composer struct {
	fnv1.UnimplementedFunctionRunnerServiceServer
}

// RunFunction answers what is to be composed for a composite.
func (*composer) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	rsp := response.To(req, response.DefaultTTL)
	if err := compose(req, rsp); err != nil {
		response.Fatal(rsp, err)
	}
	return rsp, nil
}

func compose(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) error {
	xr, err := request.GetObservedCompositeResource(req)
	if err != nil {
		return err
	}
	observed, err := request.GetObservedComposedResources(req)
	if err != nil {
		return err
	}
	text := func(path string) string {
		found, err := xr.Resource.GetString(path)
		if err != nil {
			return ""
		}
		return found
	}
	if fatal := text("spec.fatal"); fatal != "" {
		return errors.New(fatal)
	}
	// A cluster-scoped composite composes beside its claim.
	namespace := text("spec.claimRef.namespace")

	note := composed.New()
	note.SetAPIVersion("v1")
	note.SetKind("ConfigMap")
	note.SetNamespace(namespace)
	if err := note.SetString("data.text", text("spec.text")); err != nil {
		return err
	}
	desired := map[resource.Name]*resource.DesiredComposed{
		"note": {Resource: note, Ready: resource.ReadyTrue},
	}

	if wanted, err := xr.Resource.GetBool("spec.deployment"); err == nil && wanted {
		deployment, err := deploymentIn(namespace)
		if err != nil {
			return err
		}
		ready := resource.ReadyFalse
		if found, is := observed["deployment"]; is {
			if replicas, err := found.Resource.GetInteger("status.readyReplicas"); err == nil && replicas > 0 {
				ready = resource.ReadyTrue
			}
		}
		desired["deployment"] = &resource.DesiredComposed{Resource: deployment, Ready: ready}
	}
	if err := response.SetDesiredComposedResources(rsp, desired); err != nil {
		return err
	}

	status, err := request.GetDesiredCompositeResource(req)
	if err != nil {
		return err
	}
	status.Resource.SetAPIVersion(xr.Resource.GetAPIVersion())
	status.Resource.SetKind(xr.Resource.GetKind())
	if err := status.Resource.SetString("status.told", text("spec.text")); err != nil {
		return err
	}
	return response.SetDesiredCompositeResource(rsp, status)
}

func deploymentIn(namespace string) (*composed.Unstructured, error) {
	deployment := composed.New()
	deployment.SetAPIVersion("apps/v1")
	deployment.SetKind("Deployment")
	deployment.SetNamespace(namespace)
	labels := map[string]any{"app": "note"}
	spec := map[string]any{
		"replicas": int64(1),
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{"containers": []any{
				map[string]any{"name": "note", "image": "registry.example.org/note:1"},
			}},
		},
	}
	if err := deployment.SetValue("spec", spec); err != nil {
		return nil, err
	}
	return deployment, nil
}
