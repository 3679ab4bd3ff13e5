package limits

// CategoryOf has the category of each operation.
var CategoryOf = categoryOf
