plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "io.keraspisr.sample"
    compileSdk = 35

    defaultConfig {
        applicationId = "io.keraspisr.sample"
        // ImageDecoder, which turns photos upright by their EXIF.
        minSdk = 28
        targetSdk = 35
        versionCode = 1
        versionName = "1.0"
    }

    // Mapped into memory as it is.
    androidResources { noCompress += "tflite" }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(libs.litert)
    implementation(libs.activity)
    implementation(libs.lifecycle)
}
