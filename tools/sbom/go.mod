module github.com/sluicegate/sluice/tools/sbom

go 1.26.4
