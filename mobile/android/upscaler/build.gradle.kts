plugins {
    alias(libs.plugins.android.library)
}

android {
    namespace = "io.keraspisr.upscaler"
    compileSdk = 36

    defaultConfig {
        // LiteRT's own minimum.
        minSdk = 23
        consumerProguardFiles("consumer-rules.pro")
    }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(libs.litert)
    // Without it LiteRT has no GPU.
    implementation(libs.litert.gpu)
    implementation(libs.coroutines)
}
