module github.com/sluicegate/sluice/bench

go 1.26.4

require github.com/sluicegate/sluice v0.0.0

replace github.com/sluicegate/sluice => ../
