// YAML as kubectl and the API server read it, as a judge of what Portico reads. The test that uses it builds it.
module portico.dev/tests/kubernetes-yaml

go 1.26.0

require sigs.k8s.io/yaml v1.6.0

require go.yaml.in/yaml/v2 v2.4.4 // indirect
